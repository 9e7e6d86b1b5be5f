import { randomBytes } from "node:crypto";
import {
  aggregate,
  commitmentList,
  commit as ourCommit,
  nonceGenerate as ourNonce,
  signingPackage as ourPackage,
  signShare as ourShare,
  type SigningNonces,
  WORKLOAD_IDENTIFIER,
} from "@ipse/protocol/frost";
import { type Group, portableGroup, type Scalar } from "@ipse/protocol/group";
import { describe, expect, test } from "vitest";
import {
  commit,
  nonceGenerate,
  signingPackage,
  signShare,
  validateCommitment,
} from "../src/cluster/noble-frost.ts";
import { nobleGroup } from "../src/cluster/noble-group.ts";
import { dealMaterial, nodeVerifies, shareOf } from "../src/signing/material.ts";

const material = dealMaterial(portableGroup, 4);
const { publicKey, threshold, message, signers } = material;

/** Oracles that sign as the bench's noble server does, and a workload with our own code. */
function round(group: Group) {
  const nonces = new Map<number, SigningNonces>();
  for (const id of signers) {
    const share = shareOf(material, id);
    if (id === WORKLOAD_IDENTIFIER) {
      const draw = (): Scalar => ourNonce(group, randomBytes(32), share);
      nonces.set(id, ourCommit(group, id, draw(), draw()));
    } else {
      const draw = (): Uint8Array => nonceGenerate(group, randomBytes(32), share);
      nonces.set(id, commit(group, id, draw(), draw()));
    }
  }
  const list = [...nonces.values()].map(({ commitment }) => validateCommitment(group, commitment));
  const commitments = commitmentList(list);
  const request = { rule: "mandatory", threshold, groupPublicKey: publicKey, commitments, message } as const;
  return { nonces, request };
}

describe("an oracle with noble's FROST", () => {
  test("makes shares that a workload of ours completes", () => {
    const { nonces, request } = round(nobleGroup);
    const whole = ourPackage(portableGroup, request);
    const shares = [...nonces].map(([identifier, own]) => {
      const signing = signingPackage(nobleGroup, request);
      const share =
        identifier === WORKLOAD_IDENTIFIER
          ? ourShare(portableGroup, whole, shareOf(material, identifier), own)
          : (signShare(nobleGroup, signing, shareOf(material, identifier), own) as Scalar);
      return { identifier, share };
    });
    const signature = aggregate(portableGroup, whole, shares, () => undefined);
    expect(nodeVerifies(material.verifyKey, message, signature)).toBe(true);
    for (const { hiding, binding } of nonces.values())
      expect([hiding, binding].every((nonce) => nonce.every((byte) => byte === 0))).toBe(true);
  });

  test("checks the points of others itself, in signShare", () => {
    const { nonces, request } = round(nobleGroup);
    const [first, second, ...rest] = request.commitments;
    const own = nonces.get(1);
    if (first === undefined || second === undefined || own === undefined) throw new Error("no list");
    const bad = validateCommitment(nobleGroup, { ...second, binding: new Uint8Array(32).fill(0xff) });
    const commitments = commitmentList([first, bad, ...rest]);
    expect(() => signShare(nobleGroup, { ...request, commitments }, shareOf(material, 1), own)).toThrow();
  });
});

describe("the group of the noble server", () => {
  const seed = randomBytes(32);
  const key = nobleGroup.ed25519.publicKey(seed);
  const signature = nobleGroup.ed25519.sign(seed, message);

  test("signs and verifies as the portable one", () => {
    expect(signature).toEqual(portableGroup.ed25519.sign(seed, message));
    const foreign = portableGroup.ed25519.sign(randomBytes(32), message);
    for (const verify of [nobleGroup.ed25519.verify, portableGroup.ed25519.verify]) {
      expect(verify(key, message, signature)).toBe(true);
      expect(verify(key, message, foreign)).toBe(false);
      expect(verify(key, randomBytes(8), signature)).toBe(false);
      expect(verify(new Uint8Array(32), message, signature)).toBe(false);
      expect(verify(key, message, signature.subarray(0, 63))).toBe(false);
    }
    const other = randomBytes(8);
    expect(nobleGroup.ed25519.verify(key, other, portableGroup.ed25519.sign(seed, other))).toBe(true);
  });

  test("decodes what the portable one decodes", () => {
    for (const decode of [nobleGroup.decodePoint, portableGroup.decodePoint]) {
      for (let again = 0; again < 2; again++) expect(decode(publicKey)).toEqual(publicKey);
      expect(() => decode(new Uint8Array(32).fill(0xff))).toThrow("point");
      expect(() => decode(nobleGroup.identity)).toThrow("point");
    }
  });
});
