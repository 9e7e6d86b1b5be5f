import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@ipse/protocol";
import type { Store, StoreOp } from "@ipse/protocol/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type BackendOp,
  GroupCommitStore,
  openDatabase,
  openLevelStore,
  STORE_VERSION,
} from "../../src/store/index.ts";
import { storeSentence } from "../../src/store/store-errors.ts";

const owner = new Uint8Array(32).fill(7);
const fatal = (error: Error): never => {
  throw error;
};
const commit = (store: Store, ...ops: StoreOp[]): Promise<Error | undefined> =>
  new Promise((resolve) => store.commit(ops, resolve));

describe("the level store", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "ipse-level-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const dir = () => join(root, "store");
  const open = (lockWaitMs = 0) => openLevelStore({ dir: dir(), owner, fatal, lockWaitMs });

  it("finds everything again after it was closed", async () => {
    const first = await open();
    const ops = Array.from({ length: 2000 }, (_, i) => ({ key: utf8(`k${i}`), value: utf8(String(i)) }));
    await commit(first.store, ...ops);
    await commit(first.store, { key: utf8("k7"), value: undefined });
    await first.close();
    const second = await open();
    expect(second.store.size).toBe(1999);
    expect(second.store.get(utf8("k7"))).toBeUndefined();
    expect(Buffer.from(second.store.get(utf8("k1999")) ?? []).toString()).toBe("1999");
    await second.close();
  });

  it("keeps no keys of point tables in memory, and finds their values all the same", async () => {
    const first = await open();
    const ops = ["-a", ".history\0a", ".history\xff", "/b"].map((key) => ({
      key: utf8(key),
      value: utf8(key),
    }));
    await commit(first.store, ...ops);
    expect(first.store.size).toBe(2);
    await first.close();
    const second = await open();
    expect(second.store.size).toBe(2);
    const found = ops.map(({ key }) => Buffer.from(second.store.get(key) ?? []).toString("hex"));
    expect(found).toEqual(ops.map(({ value }) => Buffer.from(value).toString("hex")));
    await second.close();
  });

  it("says that it is already running when the lock is held", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: "ERR_STORE_LOCKED",
      message: expect.stringMatching(/^already running: another process uses the store /),
    });
    await first.close();
  });

  it("waits for a lock that is about to be released", async () => {
    const first = await open();
    setTimeout(() => void first.close(), 150);
    const second = await open(3000);
    expect(second.store.size).toBe(0);
    await second.close();
  });

  it("takes a store without its CURRENT file for damaged, not for a new one", async () => {
    const first = await open();
    await commit(first.store, { key: utf8("k"), value: utf8("v") });
    await first.close();
    const current = readFileSync(join(dir(), "CURRENT"));
    rmSync(join(dir(), "CURRENT"));
    await expect(open()).rejects.toMatchObject({ code: "ERR_STORE_CORRUPT" });
    writeFileSync(join(dir(), "CURRENT"), current);
    const again = await open();
    expect(again.store.get(utf8("k"))).toEqual(Buffer.from("v"));
    await again.close();
  });

  it("refuses a store of a newer program and one of another oracle", async () => {
    await (await open()).close();
    const stranger = openLevelStore({ dir: dir(), owner: new Uint8Array(32), fatal });
    await expect(stranger).rejects.toMatchObject({ code: "ERR_STORE_OWNER" });
    const db = await openDatabase(dir());
    await db.put(utf8("\x00version"), utf8(String(STORE_VERSION + 1)), {
      keyEncoding: "view",
      valueEncoding: "view",
    });
    await db.close();
    await expect(open()).rejects.toMatchObject({ code: "ERR_STORE_VERSION" });
  });

  it("makes its directory for its user alone", async () => {
    const opened = await open();
    expect(statSync(dir()).mode & 0o777).toBe(0o700);
    await opened.close();
  });

  it("names a directory it cannot make", async () => {
    writeFileSync(join(root, "file"), "");
    const at = join(root, "file/store");
    const blocked = openLevelStore({ dir: at, owner, fatal });
    await expect(blocked).rejects.toMatchObject({
      code: "ERR_STORE_IO",
      message: expect.stringContaining(at),
    });
  });
});

describe("group commit", () => {
  class SlowDisk {
    readonly writes: number[] = [];
    readonly values = new Map<string, Uint8Array>();
    failure: Error | undefined;
    get(key: string): Uint8Array | undefined {
      return this.values.get(key);
    }
    async keys(): Promise<string[]> {
      if (this.failure) throw this.failure;
      return [...this.values.keys()].sort();
    }
    async write(ops: readonly BackendOp[]): Promise<void> {
      this.writes.push(ops.length);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (this.failure) throw this.failure;
      for (const { key, value } of ops) if (value) this.values.set(key, value);
    }
  }

  it("merges what queued during one write into the next", async () => {
    const disk = new SlowDisk();
    const store = new GroupCommitStore(disk, [], fatal);
    const first = commit(store, { key: utf8("a"), value: utf8("1") });
    await new Promise((resolve) => setTimeout(resolve, 1));
    const rest = Array.from({ length: 50 }, (_, i) =>
      commit(store, { key: utf8(`b${i}`), value: utf8("1") }),
    );
    await Promise.all([first, ...rest]);
    expect(disk.writes).toEqual([1, 50]);
  });

  it("is idle only after everything queued is durable", async () => {
    const disk = new SlowDisk();
    const store = new GroupCommitStore(disk, [], fatal);
    void commit(store, { key: utf8("a"), value: utf8("1") });
    await new Promise<void>((resolve) => store.whenIdle(resolve));
    expect(disk.values.size).toBe(1);
  });

  it("ends everything when a write fails: nothing is shown, nothing more is written", async () => {
    const disk = new SlowDisk();
    disk.failure = Object.assign(new Error("IO error: No space left on device"), { code: "LEVEL_IO_ERROR" });
    const deaths: Error[] = [];
    const store = new GroupCommitStore(disk, [], (error) => deaths.push(error));
    const answer = await commit(store, { key: utf8("a"), value: utf8("1") });
    expect(answer).toBe(disk.failure);
    expect(deaths).toEqual([disk.failure]);
    expect(store.get(utf8("a"))).toBeUndefined();
    store.commit([{ key: utf8("b"), value: utf8("1") }], () => deaths.push(new Error("never answered")));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect([disk.writes, deaths.length]).toEqual([[1], 1]);
  });

  it("puts disk trouble in one sentence", () => {
    const because = (message: string, code: string): string =>
      storeSentence(
        "/d",
        new Error("Database failed", { cause: Object.assign(new Error(message), { code }) }),
      ).code;
    expect(because("IO error: x: No space left on device", "LEVEL_IO_ERROR")).toBe("ERR_STORE_FULL");
    expect(because("IO error: x: Permission denied", "LEVEL_IO_ERROR")).toBe("ERR_STORE_PERMISSION");
    expect(because("Corruption: bad block", "LEVEL_CORRUPTION")).toBe("ERR_STORE_CORRUPT");
    expect(because("IO error: x: Input/output error", "LEVEL_IO_ERROR")).toBe("ERR_STORE_IO");
  });
});
