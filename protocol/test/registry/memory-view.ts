import { compareBytes, concatBytes, toHex } from "../../src/bytes.ts";
import type { PageReader } from "../../src/host/pages.ts";
import type { Table, View } from "../../src/host/table.ts";
import { applyStatement } from "../../src/registry/registry.ts";
import type { SignedStatement } from "../../src/registry/statement.ts";

/** A registry in memory: applies statements as a host would. */
export class MemoryRegistry implements Pick<View, "get"> {
  readonly #records = new Map<string, readonly [Uint8Array, unknown]>();

  get<T>(from: Table<T>, key: Uint8Array): T | undefined {
    return this.#records.get(toHex(concatBytes(from.prefix, key)))?.[1] as T | undefined;
  }

  /** Pages of the statements: there is no other table here. */
  readonly page: PageReader = (_from, { limit, start = new Uint8Array(), after }, done) => {
    const rows = [...this.#records.values()]
      .filter(([key]) => compareBytes(key.subarray(0, start.length), start) === 0)
      .filter(([key]) => after === undefined || compareBytes(key, after) > 0)
      .toSorted(([a], [b]) => compareBytes(a, b))
      .slice(0, limit);
    const next = rows.length < limit ? undefined : rows.at(-1)?.[0];
    done({ rows: rows as never, next });
  };

  apply(signed: SignedStatement): boolean {
    const { accepted, mutations } = applyStatement(this, signed);
    for (const { table, key, value } of mutations)
      this.#records.set(toHex(concatBytes(table.prefix, key)), [key, value]);
    return accepted;
  }
}
