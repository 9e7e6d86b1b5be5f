import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes, utf8 } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import { put, type Store, StoreView, type Table } from "@ipse/protocol/host";
import { type SignedStatement, statements, subjectKey } from "@ipse/protocol/registry";
import { records } from "@ipse/protocol/session/oracle";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migrateStore, openDatabase, openLevelStore, STORE_VERSION } from "../../src/store/index.ts";

const RAW = { keyEncoding: "view", valueEncoding: "view" } as const;
const owner = new Uint8Array(32).fill(7);
const id = new Uint8Array(32).fill(9);
const ticketId = new Uint8Array(16).fill(5);

const revoked: records.InstanceRecord = {
  version: 1,
  constants: {
    instance: id,
    rosterHash: new Uint8Array(32),
    spiffeId: "spiffe://test.ipse/a",
    evidenceKey: new Uint8Array(32),
    identityKey: new Uint8Array(32),
    threshold: 3,
    oracleCount: 4,
  },
  status: "revoked",
  reason: "by an operator",
  release: 0,
  head: undefined,
  vote: undefined,
  shares: [],
  undecided: [],
  prunedBelow: 0,
};

const bytes32 = new Uint8Array(32).fill(3);
const vote: records.CastVote = {
  signed: {
    header: {
      version: 1,
      rosterHash: bytes32,
      instance: id,
      seq: 5,
      parent: bytes32,
      kind: "heartbeat",
      bodyHash: bytes32,
      ratchet: false,
      shareVersion: 0,
      groupEpoch: 0,
      identityKeyVersion: 0,
      nextChainKey: bytes32,
    },
    chainSignature: new Uint8Array(64),
    evidenceSignature: new Uint8Array(64),
  },
  body: undefined,
  vote: {
    vote: {
      version: 1,
      oracle: 1,
      rosterHash: bytes32,
      instance: id,
      seq: 5,
      headerHash: bytes32,
      shareOk: true,
      shareVersion: 0,
      counter: 1,
    },
    signature: new Uint8Array(64),
  },
};

const lost: SignedStatement = {
  statement: {
    version: 1,
    rosterHash: new Uint8Array(32),
    serial: 1,
    issuedAtMs: 1,
    payload: { kind: "ticketRevocation", ticketId, reason: "lost" },
  },
  signatures: [],
};

/** Where version 1 kept a record: under the table's name, without the mark of a point table. */
const oldKey = (table: Table<unknown>, key: Uint8Array): Buffer =>
  Buffer.concat([Uint8Array.of(1), table.prefix.subarray(1), key]);

describe("the migration of a store of version 1", () => {
  let root: string;
  const dir = (): string => join(root, "store");
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "ipse-migrate-"));
    const db = await openDatabase(dir());
    await db.put(utf8("\0version"), utf8("1"), RAW);
    await db.put(utf8("\0owner"), owner, RAW);
    await db.put(oldKey(records.instances, id), encode(records.instances.codec, revoked), RAW);
    await db.put(
      oldKey(statements, subjectKey({ kind: "ticketRevocation", ticketId })),
      encode(statements.codec, lost),
      RAW,
    );
    for (let i = 0; i < 1500; i++) {
      const key = new Uint8Array(64).fill(i & 255);
      key[0] = i >> 8;
      await db.put(
        oldKey(records.workloadIndex, key),
        encode(records.workloadIndex.codec, { instance: id }),
        RAW,
      );
    }
    await db.close();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const opened = async () =>
    openLevelStore({
      dir: dir(),
      owner,
      fatal: (error) => {
        throw error;
      },
    });
  const keys = (store: Store, prefix: Uint8Array): Promise<Uint8Array[]> =>
    new Promise((resolve) => store.page(prefix, 10_000, undefined, resolve));

  it("is asked for, and finds every record again", async () => {
    await expect(opened()).rejects.toMatchObject({
      code: "ERR_STORE_VERSION",
      message: expect.stringContaining("store migrate"),
    });
    expect(await migrateStore(dir())).toBe(1);
    const { store, close } = await opened();
    expect(store.get(Buffer.concat([records.instances.prefix, id]))).toEqual(
      Buffer.from(encode(records.instances.codec, revoked)),
    );
    expect(await keys(store, records.workloadIndex.prefix)).toHaveLength(1500);
    expect(await keys(store, statements.prefix)).toHaveLength(1);
    expect(await keys(store, utf8(".offered\0"))).toHaveLength(1);
    expect(store.scan(records.endedIndex.prefix, 10)).toHaveLength(1);
    await close();
    expect(await migrateStore(dir())).toBe(STORE_VERSION);
  });

  it("goes on where it was cut short", async () => {
    await migrateStore(dir());
    const db = await openDatabase(dir());
    await db.put(utf8("\0version"), utf8("1"), RAW);
    await db.put(
      oldKey(records.workloadIndex, new Uint8Array(64).fill(255)),
      encode(records.workloadIndex.codec, { instance: id }),
      RAW,
    );
    await db.close();
    expect(await migrateStore(dir())).toBe(1);
    const { store, close } = await opened();
    expect(await keys(store, records.workloadIndex.prefix)).toHaveLength(1501);
    await close();
  });
});

describe("a store of version 2", () => {
  it("is opened after the migration with the votes its records hold, and no more by an older program", async () => {
    const root = mkdtempSync(join(tmpdir(), "ipse-migrate-"));
    const dir = join(root, "store");
    const db = await openDatabase(dir);
    const whole = concatBytes(Uint8Array.of(1), records.instances.prefix, id);
    await db.put(utf8("\0version"), utf8("2"), RAW);
    await db.put(utf8("\0owner"), owner, RAW);
    await db.put(whole, encode(records.instances.codec, { ...revoked, vote }), RAW);
    await db.close();
    expect(await migrateStore(dir)).toBe(2);
    const fatal = (error: Error): never => {
      throw error;
    };
    const { store, close } = await openLevelStore({ dir, owner, fatal });
    const view = new StoreView(store, fatal);
    const record = view.get(records.instances, id);
    expect(record?.vote).toEqual(vote);
    // A write that leaves the vote alone takes it from nowhere.
    await new Promise<void>((resolve) =>
      view.submit([put(records.instances, id, { ...revoked, ...record, release: 1 })], resolve),
    );
    expect(new StoreView(store, fatal).get(records.instances, id)).toEqual({ ...record, release: 1 });
    await close();
    const again = await openDatabase(dir);
    expect(Buffer.from((await again.get(utf8("\0version"), RAW)) ?? []).toString()).toBe(
      String(STORE_VERSION),
    );
    await again.close();
    rmSync(root, { recursive: true, force: true });
  });
});
