import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PublicJwk } from "@ipse/protocol/oauth";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalSigner, generateLocalKey } from "../../src/oauth/index.ts";
import { makeKeyRecord } from "../../src/oauth-listener/key-record.ts";
import { leaveLocalMode } from "../../src/oauth-listener/leave-local-mode.ts";
import { PeerKeys } from "../../src/oauth-listener/peer-keys.ts";
import { RetiringKeys } from "../../src/oauth-listener/retiring-keys.ts";
import { FakeNode } from "../support/fake-node.ts";
import { group, keyOf, roster } from "../support/roster.ts";

const log = pino({ level: "silent" });
const HOUR_MS = 60 * 60 * 1000;
let dir: string;
let now = 1_000_000;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ipse-retiring-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const at = (name: string): string => join(dir, name);
const open = () => new RetiringKeys({ group, roster, log, file: at("retiring-keys.json"), nowMs: () => now });
const jwkOf = async (): Promise<PublicJwk> =>
  createLocalSigner(await generateLocalKey("EdDSA"), group.ed25519).publicJwk;
const record = (oracle: number, jwk: PublicJwk) =>
  makeKeyRecord(group, roster, oracle, keyOf(oracle).seed, jwk);
const kids = (keys: readonly PublicJwk[]) => keys.map(({ kid }) => kid);

describe("keys that retire", () => {
  it("stand in the JWKS until every token under them has expired, also after a restart", async () => {
    const jwk = await jwkOf();
    open().add([record(2, jwk)]);
    now += 24 * HOUR_MS;
    expect(kids(open().keys())).toEqual([jwk.kid]);
    // What retires already gets no more time by retiring again.
    open().add([record(2, jwk)]);
    now += HOUR_MS;
    expect(open().keys()).toEqual([]);
  });

  it("are those their oracles signed, and a few of each: nobody fills everybody's JWKS", async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, jwkOf));
    const retiring = open();
    retiring.add([{ ...record(2, await jwkOf()), oracle: 3 }, "garbage"]);
    expect(retiring.keys()).toEqual([]);
    const honest = await jwkOf();
    retiring.add([record(1, honest)]);
    for (const jwk of keys) retiring.add([record(2, jwk)]);
    expect(kids(retiring.keys())).toEqual(kids([honest, ...keys.slice(-4)]));
  });

  it("stay when a lying oracle gave them out as its own before, and pushes those out with others", async () => {
    const honest = await jwkOf();
    const retiring = open();
    for (const oracle of [2, 1]) retiring.add([record(oracle, honest)]);
    for (let i = 0; i < 4; i++) retiring.add([record(2, await jwkOf())]);
    expect(kids(retiring.keys())).toContain(honest.kid);
  });

  it("stand there once when a lying oracle retires another's: two under one kid are an error to jose", async () => {
    const honest = await jwkOf();
    const retiring = open();
    retiring.add([record(1, honest), record(2, honest)]);
    expect(kids(retiring.keys())).toEqual([honest.kid]);
  });

  it("are none when the file is damaged", () => {
    writeFileSync(at("retiring-keys.json"), "[{");
    expect(open().keys()).toEqual([]);
  });
});

describe("an oracle of mode local that signs with the others from now on", () => {
  const left = () => ({
    ...{ group, roster, log, oracle: 1, voteSeed: keyOf(1).seed },
    ...{ keyFile: at("token.jwk"), recordsFile: at("token-keys.json") },
  });

  it("still publishes every oracle's old key, and cannot sign with its own any more", async () => {
    const key = await generateLocalKey("ES256");
    const { publicJwk } = createLocalSigner(key, group.ed25519);
    const [second, third] = [await jwkOf(), await jwkOf()];
    writeFileSync(at("token.jwk"), JSON.stringify(key));
    writeFileSync(
      at("token-keys.json"),
      JSON.stringify([1, 2, 3].map((id, i) => record(id, [publicJwk, second, third][i] ?? third))),
    );
    const retiring = open();
    await leaveLocalMode(left(), retiring);
    expect(kids(retiring.keys())).toEqual(kids([publicJwk, second, third]));
    expect(readdirSync(dir)).toEqual(["retiring-keys.json"]);
    expect(statSync(at("retiring-keys.json")).mode & 0o077).toBe(0);
    expect(readFileSync(at("retiring-keys.json"), "utf8")).not.toContain(String(key.d));
    await leaveLocalMode(left(), open());
    expect(kids(open().keys())).toEqual(kids([publicJwk, second, third]));
  });

  it("keeps a file that is no key, and starts all the same", async () => {
    writeFileSync(at("token.jwk"), "something of the operator's");
    await leaveLocalMode(left(), open());
    expect([existsSync(at("token.jwk")), open().keys()]).toEqual([true, []]);
  });
});

describe("mode local", () => {
  it("publishes a replaced key of its own beside the new one", async () => {
    const [before, after] = [await jwkOf(), await jwkOf()];
    const start = (jwk: PublicJwk) =>
      new PeerKeys({
        ...{ node: new FakeNode(1), group, roster, log, file: at("token-keys.json") },
        ...{ own: record(1, jwk), retiring: open() },
      });
    expect(kids(start(before).keys())).toEqual([before.kid]);
    expect(kids(start(after).keys())).toEqual([after.kid, before.kid]);
    expect(kids(start(after).keys())).toEqual([after.kid, before.kid]);
  });

  it("publishes a key once that a lying oracle gives out as its own", async () => {
    const honest = await jwkOf();
    writeFileSync(at("token-keys.json"), JSON.stringify([record(2, honest), record(3, honest)]));
    const own = record(1, await jwkOf());
    const keys = new PeerKeys({
      ...{ node: new FakeNode(1), group, roster, log, file: at("token-keys.json") },
      ...{ own, retiring: open() },
    });
    expect(kids(keys.keys()).filter((kid) => kid === honest.kid)).toHaveLength(1);
  });
});
