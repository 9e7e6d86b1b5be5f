import { compareBytes, toHex } from "@ipse/protocol";
import { refusePointScan, type Store, type StoreOp } from "@ipse/protocol/host";

/** A store for oracles that live as long as a test. */
export class MemoryStore implements Store {
  readonly #rows = new Map<string, { key: Uint8Array; value: Uint8Array }>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(toHex(key))?.value.slice();
  }

  #read(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    const start = toHex(prefix);
    return [...this.#rows]
      .filter(
        ([hex, { key }]) => hex.startsWith(start) && (after === undefined || compareBytes(key, after) > 0),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([, { key, value }]) => [key.slice(), value.slice()]);
  }

  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    refusePointScan(prefix);
    return this.#read(prefix, limit, after);
  }

  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void {
    setImmediate(() => done(this.#read(prefix, limit, after).map(([key]) => key)));
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    for (const { key, value } of ops) {
      if (value === undefined) this.#rows.delete(toHex(key));
      else this.#rows.set(toHex(key), { key: key.slice(), value: value.slice() });
    }
    queueMicrotask(() => done(undefined));
  }
}
