import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../src/bytes.ts";
import { optional, struct, u8 } from "../../src/encoding/index.ts";
import { StoreView } from "../../src/host/store-view.ts";
import { type Mutation, parted, pointTable, put, remove, rowsOf, type Table } from "../../src/host/table.ts";
import { runs } from "../group/backends.ts";
import { MemoryStore } from "../support/memory-store.ts";

interface Thing {
  readonly rest: number;
  readonly part: { readonly n: number } | undefined;
}

const partCodec = struct({ n: u8 });
const parts = pointTable("thing-part", partCodec);
const whole: Table<Thing> = pointTable("thing", struct({ rest: u8, part: optional(partCodec) }));
const things = parted(whole, "part", parts);
const keys = [Uint8Array.of(1), Uint8Array.of(2)];

type Change = { readonly key: number } & ({ readonly gone: true } | Partial<Thing>);
const change: fc.Arbitrary<Change> = fc.record(
  {
    key: fc.nat(keys.length - 1),
    rest: fc.nat(255),
    part: fc.option(fc.record({ n: fc.nat(255) }), { nil: undefined }),
    gone: fc.constant(true as const),
  },
  { requiredKeys: ["key"] },
);
const commits = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 12 });
const unexpected = (error: Error): never => {
  throw error;
};
const read = (view: StoreView): (Thing | undefined)[] => keys.map((key) => view.get(things, key));

describe("records one of whose fields lies in rows of its own", () => {
  test("are what was last written, at every moment and after a crash at any", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(commits, fc.nat(12), fc.nat(2), (steps, durable, lucky) => {
        const store = new MemoryStore();
        const view = new StoreView(store, unexpected);
        let now: (Thing | undefined)[] = [undefined, undefined];
        const history = [now];
        for (const step of steps) {
          const mutations: Mutation[] = [];
          for (const { key, ...fields } of step) {
            const name = keys[key] ?? Uint8Array.of();
            const gone = "gone" in fields;
            const next = gone ? undefined : { rest: 0, part: undefined, ...now[key], ...fields };
            now = now.with(key, next);
            mutations.push(next === undefined ? remove(things, name) : put(things, name, next));
          }
          view.submit(mutations, () => {});
          history.push(now);
          expect(read(view)).toEqual(now);
          // What a machine changes is what it read: parts that stay are the same objects.
          now = read(view);
        }
        const [told, kept] = [Math.min(durable, steps.length), Math.min(durable + lucky, steps.length)];
        for (let i = 0; i < told; i++) store.flush();
        expect(read(view)).toEqual(now);
        expect(read(new StoreView(store.crash(kept - told), unexpected))).toEqual(history[kept]);
      }),
      runs(4),
    );
  });

  test("write the rows that change, and no others", () => {
    const [key = Uint8Array.of()] = keys;
    const own = concatBytes(things.prefix, key);
    const beside = concatBytes(parts.prefix, key);
    const before = { rest: 1, part: { n: 2 } };
    const written = (next: Thing | undefined): unknown[] =>
      rowsOf(things, key, next, before).map((row) => [row.key, row.value !== undefined]);
    expect(written({ ...before })).toEqual([]);
    expect(written({ ...before, rest: 3 })).toEqual([[own, true]]);
    expect(written({ ...before, part: { n: 3 } })).toEqual([[beside, true]]);
    expect(written({ rest: 3, part: { n: 3 } })).toEqual([
      [own, true],
      [beside, true],
    ]);
    expect(written({ ...before, part: undefined })).toEqual([[beside, false]]);
    expect(written(undefined)).toEqual([
      [own, false],
      [beside, false],
    ]);
  });
});
