import type { PublicJwk } from "@ipse/protocol/oauth";
import { describe, expect, it } from "vitest";
import { makeKeyRecord, verifyKeyRecord } from "../../src/oauth-listener/key-record.ts";
import { group, keyOf, roster } from "../support/roster.ts";

const jwk: PublicJwk = {
  kty: "OKP",
  crv: "Ed25519",
  x: "9OULBmFcOUcCSUrKAtoRcwKv0cUHJl1MJ8z4jmAh-Tg",
  kid: "u-ZwewN8D3LW3v_aA992AtZUCquF9j1vtt-VxXfhoH8",
  alg: "EdDSA",
  use: "sig",
};
const signed = (key: PublicJwk) => makeKeyRecord(group, roster, 2, keyOf(2).seed, key);
const record = makeKeyRecord(group, roster, 2, keyOf(2).seed, jwk);

describe("an oracle's token key for its peers", () => {
  it("counts under that oracle's vote key", () => {
    expect(verifyKeyRecord(group, roster, record)).toEqual({ oracle: 2, key: jwk });
  });

  it.each([
    ["another oracle's name", { ...record, oracle: 3 }],
    ["another key", { ...record, jwk: record.jwk.replace("9OUL", "9OUM") }],
    ["the kid of another's key", signed({ ...jwk, kid: "A6QqNIFyyAT6wKTWKBMEAa40-gpR4rcdoTUZZ6lqV7M" })],
    ["no kid", signed({ ...jwk, kid: undefined })],
    ["an alg that is not the key's", signed({ ...jwk, alg: "ES256" })],
    ["another oracle's signature", makeKeyRecord(group, roster, 2, keyOf(3).seed, jwk)],
    ["an oracle the roster does not have", makeKeyRecord(group, roster, 9, keyOf(9).seed, jwk)],
    ["another roster", makeKeyRecord(group, { ...roster, serial: 2 }, 2, keyOf(2).seed, jwk)],
    ["a signature that is none", { ...record, signature: "!" }],
    ["a member too many", { ...record, extra: 1 }],
    ["nothing", undefined],
  ])("does not count with %s", (_what, value) => {
    expect(verifyKeyRecord(group, roster, value)).toBeUndefined();
  });
});
