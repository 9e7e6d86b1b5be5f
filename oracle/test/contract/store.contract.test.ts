import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, toHex, utf8 } from "@ipse/protocol";
import type { Store, StoreOp } from "@ipse/protocol/host";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { MemoryStore, openLevelStore } from "../../src/store/index.ts";

interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

const level = async (dir: string): Promise<Opened> =>
  openLevelStore({
    dir,
    owner: new Uint8Array(32),
    fatal: (error) => {
      throw error;
    },
  });
const memory = async (): Promise<Opened> => ({ store: new MemoryStore(), close: async () => {} });

const op = (key: string, value: string | undefined, ifAbsent = false): StoreOp => ({
  key: utf8(key),
  value: value === undefined ? undefined : utf8(value),
  ifAbsent,
});
const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);
const read = (store: Store, key: string): string | undefined => text(store.get(utf8(key)));
const commit = (store: Store, ...ops: StoreOp[]): Promise<Error | undefined> =>
  new Promise((resolve) => store.commit(ops, resolve));
const keysOf = (store: Store, prefix = "", limit = 1000, after?: string): (string | undefined)[] =>
  store.scan(utf8(prefix), limit, after === undefined ? undefined : utf8(after)).map(([key]) => text(key));

describe.each([
  ["level", level],
  ["memory", memory],
] as const)("the %s store", (_name, open) => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const fresh = async (): Promise<Store> => {
    const dir = mkdtempSync(join(tmpdir(), "ipse-store-"));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
    const opened = await open(join(dir, "store"));
    cleanups.push(() => opened.close());
    return opened.store;
  };

  it("gives back what was committed, and undefined for the rest", async () => {
    const store = await fresh();
    expect(await commit(store, op("a", "1"), op("b", ""))).toBeUndefined();
    expect([read(store, "a"), read(store, "b"), read(store, "c")]).toEqual(["1", "", undefined]);
  });

  it("reads, replaces, conditions and deletes the keys of point tables", async () => {
    const store = await fresh();
    expect(await commit(store, op(".p\0a", "1", true))).toBeUndefined();
    expect((await commit(store, op(".p\0a", "2", true)))?.message).toContain("absent");
    expect(read(store, ".p\0a")).toBe("1");
    await commit(store, op(".p\0a", "3"));
    expect([read(store, ".p\0a"), read(store, ".p\0b")]).toEqual(["3", undefined]);
    await commit(store, op(".p\0a", undefined));
    expect(read(store, ".p\0a")).toBeUndefined();
  });

  it("shows keys that may be scanned as they were until the new values are durable, point keys as they were or will be", async () => {
    const store = await fresh();
    await commit(store, op("a", "old"), op(".p\0a", "old"));
    const scanned = new Set<string>();
    const points = new Set<string>();
    let durable = false;
    store.commit([op("a", "new"), op("n", "new"), op(".p\0a", "new"), op(".p\0n", "new")], () => {
      durable = true;
    });
    while (!durable) {
      scanned.add(`${read(store, "a")} ${read(store, "n")}`);
      points.add(`${read(store, ".p\0a")} ${read(store, ".p\0n")}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...scanned]).toEqual(["old undefined"]);
    // The second is read after the first, and the write may come in between.
    expect(["old undefined", "old new", "new new"]).toEqual(expect.arrayContaining([...points]));
    expect([read(store, "a"), read(store, ".p\0a"), read(store, ".p\0n")]).toEqual(["new", "new", "new"]);
  });

  it("deletes, and deleting what is not there is fine", async () => {
    const store = await fresh();
    await commit(store, op("a", "1"));
    expect(await commit(store, op("a", undefined), op("never", undefined))).toBeUndefined();
    expect(read(store, "a")).toBeUndefined();
    expect(keysOf(store)).toEqual([]);
  });

  it("never calls done before commit returns", async () => {
    const store = await fresh();
    let returned = false;
    await new Promise<void>((resolve) => {
      store.commit([op("a", "1")], () => {
        expect(returned).toBe(true);
        resolve();
      });
      returned = true;
    });
  });

  it("shows a commit from the moment its done is called, and not the ones after it", async () => {
    const store = await fresh();
    await commit(store, op("k", "0"));
    const seen: (string | undefined)[][] = [];
    const note = (): number => seen.push([read(store, "k"), ...keysOf(store)]);
    const all = ["1", undefined, "3"].map(
      (value, i) =>
        new Promise<void>((resolve) =>
          store.commit([op("k", value), op(`n${i}`, "x")], () => {
            note();
            resolve();
          }),
        ),
    );
    note();
    await Promise.all(all);
    expect(seen).toEqual([
      ["0", "k"],
      ["1", "k", "n0"],
      [undefined, "n0", "n1"],
      ["3", "k", "n0", "n1", "n2"],
    ]);
  });

  it("keeps the order of commits however many run at once", async () => {
    const store = await fresh();
    const done: number[] = [];
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => commit(store, op("k", String(i))).then(() => done.push(i))),
    );
    expect(done).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(read(store, "k")).toBe("299");
  });

  it("refuses the whole commit when a key that had to be absent exists", async () => {
    const store = await fresh();
    expect(await commit(store, op("burn", "1", true))).toBeUndefined();
    const refused = await commit(store, op("other", "2"), op("burn", "2", true));
    expect(refused).toMatchObject({ code: "ERR_STORE_CONFLICT" });
    expect([read(store, "burn"), read(store, "other")]).toEqual(["1", undefined]);
  });

  it("judges conditions in call order, also inside one group", async () => {
    const store = await fresh();
    const answers = await Promise.all([
      commit(store, op("burn", "first", true)),
      commit(store, op("burn", "second", true), op("side", "second")),
      commit(store, op("burn", undefined)),
      commit(store, op("burn", "fourth", true)),
    ]);
    expect(answers.map((error) => error?.message === undefined)).toEqual([true, false, true, true]);
    expect([read(store, "burn"), read(store, "side")]).toEqual(["fourth", undefined]);
  });

  it("scans by prefix, in byte order, after a key, up to a limit", async () => {
    const store = await fresh();
    const keys = ["00", "0001", "01", "01ff", "0100", "02", "7f", "80", "ff", "ffff"];
    await commit(store, ...keys.map((hex) => ({ key: fromHex(hex) ?? new Uint8Array(), value: utf8(hex) })));
    const scan = (prefix: string, limit: number, after?: string) =>
      store
        .scan(fromHex(prefix) ?? new Uint8Array(), limit, after === undefined ? undefined : fromHex(after))
        .map(([key, value]) => {
          expect(text(value)).toBe(toHex(key));
          return toHex(key);
        });
    expect(scan("", 100)).toEqual([...keys].sort());
    expect(scan("01", 100)).toEqual(["01", "0100", "01ff"]);
    expect(scan("01", 2)).toEqual(["01", "0100"]);
    expect(scan("01", 100, "01")).toEqual(["0100", "01ff"]);
    expect(scan("01", 100, "00")).toEqual(["01", "0100", "01ff"]);
    expect(scan("01", 100, "02")).toEqual([]);
    expect(scan("ff", 100)).toEqual(["ff", "ffff"]);
    expect(scan("03", 100)).toEqual([]);
    expect(scan("", 0)).toEqual([]);
  });

  const pageOf = (store: Store, prefix: string, limit = 1000, after?: string): Promise<string[]> =>
    new Promise((resolve) =>
      store.page(utf8(prefix), limit, after === undefined ? undefined : utf8(after), (keys) =>
        resolve(keys.map((key) => text(key) ?? "")),
      ),
    );

  it("reads the keys of point tables by pages, and scans none of them", async () => {
    const store = await fresh();
    const names = [".p\0a", ".p\0b", ".p\0c", ".q\0a", "p\0a"];
    await commit(store, ...names.map((name) => op(name, "x")));
    expect(await pageOf(store, ".p\0")).toEqual([".p\0a", ".p\0b", ".p\0c"]);
    expect(await pageOf(store, ".p\0", 2)).toEqual([".p\0a", ".p\0b"]);
    expect(await pageOf(store, ".p\0", 2, ".p\0b")).toEqual([".p\0c"]);
    expect(await pageOf(store, ".p\0", 9, ".p\0c")).toEqual([]);
    expect(await pageOf(store, ".p\0", 9, ".a")).toEqual([".p\0a", ".p\0b", ".p\0c"]);
    expect(await pageOf(store, ".p\0b")).toEqual([".p\0b"]);
    expect(await pageOf(store, "p\0")).toEqual(["p\0a"]);
    expect(() => keysOf(store, ".p\0")).toThrow("pages");
    expect(keysOf(store, "p\0")).toEqual(["p\0a"]);
  });

  it("ends a page where the prefix does, also after bytes that cannot grow", async () => {
    const store = await fresh();
    const keys = ["2e00ff", "2e00ffff", "2e00ffff00", "2e01"].map((hex) => fromHex(hex) ?? new Uint8Array());
    await commit(store, ...keys.map((key) => ({ key, value: utf8("x") })));
    const found = await new Promise<Uint8Array[]>((resolve) =>
      store.page(fromHex("2e00ffff") ?? new Uint8Array(), 9, undefined, resolve),
    );
    expect(found.map(toHex)).toEqual(["2e00ffff", "2e00ffff00"]);
  });

  it("reads a page after the call, and shows what was durable before it", async () => {
    const store = await fresh();
    await commit(store, op(".p\0a", "1"), op(".p\0gone", "1"));
    await commit(store, op(".p\0gone", undefined));
    let returned = false;
    const page = pageOf(store, ".p\0").then((keys) => {
      expect(returned).toBe(true);
      return keys;
    });
    returned = true;
    const later = commit(store, op(".p\0late", "1"));
    expect((await page).filter((key) => key !== ".p\0late")).toEqual([".p\0a"]);
    await later;
    expect(await pageOf(store, ".p\0")).toEqual([".p\0a", ".p\0late"]);
  });

  it("hands out copies", async () => {
    const store = await fresh();
    await commit(store, op("a", "one"));
    store.get(utf8("a"))?.fill(0);
    store.scan(utf8("a"), 1)[0]?.[1].fill(0);
    expect(read(store, "a")).toBe("one");
  });

  it("agrees with a plain map under any commits", async () => {
    const key = fc.constantFrom("a", "b", "ba", "c", "");
    const anOp = fc.record({
      key,
      value: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
      ifAbsent: fc.boolean(),
    });
    const store = await fresh();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anOp, { maxLength: 4 }), { maxLength: 6 }), async (commits) => {
        await commit(store, ...keysOf(store).map((k) => op(k ?? "", undefined)));
        const model = new Map<string, string>();
        const expected = commits.map((ops) => {
          if (ops.some((one) => one.ifAbsent && model.has(one.key))) return false;
          for (const one of ops) {
            if (one.value === undefined) model.delete(one.key);
            else model.set(one.key, one.value);
          }
          return true;
        });
        const answers = await Promise.all(
          commits.map((ops) => commit(store, ...ops.map((o) => op(o.key, o.value, o.ifAbsent)))),
        );
        expect(answers.map((error) => error === undefined)).toEqual(expected);
        expect(keysOf(store)).toEqual([...model.keys()].sort());
        for (const [k, value] of model) expect(read(store, k)).toBe(value);
      }),
      { numRuns: 30 },
    );
  });
});
