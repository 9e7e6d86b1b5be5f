import { randomBytes } from "node:crypto";
import { newSealingKey, openDelta, type SealingKey } from "@ipse/oracle/session-listener";
import type { SignedHeader } from "@ipse/protocol/session";
import { sealDelta } from "@ipse/workload-agent/links";
import { beforeAll, describe, expect, it } from "vitest";

const signed: SignedHeader = {
  header: {
    version: 1,
    rosterHash: new Uint8Array(32).fill(1),
    instance: new Uint8Array(32).fill(2),
    seq: 2 ** 40 + 5,
    parent: new Uint8Array(32).fill(3),
    kind: "heartbeat",
    bodyHash: new Uint8Array(32).fill(4),
    ratchet: true,
    shareVersion: 6,
    groupEpoch: 0,
    identityKeyVersion: 0,
    nextChainKey: new Uint8Array(32).fill(5),
  },
  chainSignature: new Uint8Array(64),
  evidenceSignature: new Uint8Array(64),
};
const { header } = signed;
const delta = new Uint8Array(randomBytes(32));

// Two X25519 implementations meet here: the agent's portable one and the platform's.
describe("a delta sealed by the agent's edge", () => {
  let key: SealingKey;
  let sealed: Uint8Array;
  beforeAll(async () => {
    key = await newSealingKey();
    sealed = await sealDelta(key.publicKey, signed, 3, delta);
  });

  it("opens at the oracle's edge", async () => {
    expect(await openDelta(key, sealed, header, 3)).toEqual(delta);
  });

  it.each([
    ["another oracle", header, 4],
    ["another seq", { ...header, seq: header.seq + 1 }, 3],
    ["another instance", { ...header, instance: new Uint8Array(32) }, 3],
    ["another header of that seq", { ...header, bodyHash: new Uint8Array(32) }, 3],
  ])("does not open for %s", async (_what, other, oracle) => {
    expect(await openDelta(key, sealed, other, oracle)).toBeUndefined();
  });

  it("does not open under another connection's key, damaged, or cut", async () => {
    expect(await openDelta(await newSealingKey(), sealed, header, 3)).toBeUndefined();
    for (const at of [0, 31, 32, 79]) {
      const damaged = sealed.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(await openDelta(key, damaged, header, 3)).toBeUndefined();
    }
    expect(await openDelta(key, sealed.slice(0, 79), header, 3)).toBeUndefined();
    expect(await openDelta(key, new Uint8Array(80), header, 3)).toBeUndefined();
  });
});
