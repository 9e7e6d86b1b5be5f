import { IpseError } from "@ipse/protocol";
import { refusePointScan, type Store, type StoreOp } from "@ipse/protocol/host";
import { fromKeyText, toKeyText } from "./key-text.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** A Store that forgets everything with its process: for tests. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
  readonly #keys = new SortedKeys();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(toKeyText(key))?.slice();
  }

  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    refusePointScan(prefix);
    const keys = this.#keys.scan(toKeyText(prefix), limit, after && toKeyText(after));
    return keys.map((key) => [fromKeyText(key), this.#values.get(key)?.slice() ?? new Uint8Array()]);
  }

  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void {
    setImmediate(() => {
      const keys = this.#keys.scan(toKeyText(prefix), limit, after && toKeyText(after));
      done(keys.map(fromKeyText));
    });
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    const staged = ops.map((op) => ({ ...op, text: toKeyText(op.key), value: op.value?.slice() }));
    queueMicrotask(() => {
      if (staged.some((op) => op.ifAbsent === true && this.#values.has(op.text))) {
        done(new IpseError("ERR_STORE_CONFLICT", "a key that had to be absent exists"));
        return;
      }
      for (const { text, value } of staged) {
        if (value === undefined) {
          this.#values.delete(text);
          this.#keys.delete(text);
        } else {
          this.#values.set(text, value);
          this.#keys.add(text);
        }
      }
      done(undefined);
    });
  }
}
