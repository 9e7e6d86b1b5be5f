import { compareBytes, concatBytes, toHex } from "../../src/bytes.ts";
import type { Table, View } from "../../src/host/table.ts";
import { applyStatement } from "../../src/registry/registry.ts";
import type { SignedStatement } from "../../src/registry/statement.ts";

/** A registry in memory: applies statements as a host would. */
export class MemoryRegistry implements Pick<View, "get" | "scan"> {
  readonly #records = new Map<string, readonly [Uint8Array, unknown]>();

  get<T>(from: Table<T>, key: Uint8Array): T | undefined {
    return this.#records.get(toHex(concatBytes(from.prefix, key)))?.[1] as T | undefined;
  }

  scan<T>(_from: Table<T>, limit: number, start?: Uint8Array, after?: Uint8Array): [Uint8Array, T][] {
    const prefix = start ?? new Uint8Array();
    return [...this.#records.values()]
      .filter(([key]) => compareBytes(key.subarray(0, prefix.length), prefix) === 0)
      .filter(([key]) => after === undefined || compareBytes(key, after) > 0)
      .toSorted(([a], [b]) => compareBytes(a, b))
      .slice(0, limit) as [Uint8Array, T][];
  }

  apply(signed: SignedStatement): boolean {
    const { accepted, mutations } = applyStatement(this, signed);
    for (const { table, key, value } of mutations)
      this.#records.set(toHex(concatBytes(table.prefix, key)), [key, value]);
    return accepted;
  }
}
