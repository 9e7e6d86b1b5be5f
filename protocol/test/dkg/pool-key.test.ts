import { describe, expect, test } from "vitest";
import {
  ceremonyKeysMax,
  checkParams,
  deriveKeyId,
  encodeDkgMessage,
  type PoolKey,
  poolKey,
  verifyPoolKey,
} from "../../src/dkg/index.ts";
import { merkleLevels, merklePath, merkleRoot, rootOfPath } from "../../src/dkg/merkle.ts";
import { decode, encode, taggedHash } from "../../src/encoding/index.ts";
import { FRAME_BYTES_MAX, ORACLES_MAX } from "../../src/limits.ts";
import { anyGroup } from "../group/backends.ts";
import { Ceremony } from "./ceremony.ts";

const error = (code: string) => expect.objectContaining({ code });
const group = anyGroup;
const ceremony = new Ceremony(4, 3, 5, "pool key").run();
const { params } = ceremony;
const keys = ceremony.output(1).done ?? [];
const at = (index: number): PoolKey => {
  const key = keys[index]?.poolKey;
  if (key === undefined) throw new Error("no such key");
  return key;
};

describe("a pool key", () => {
  test("verifies on its own, also after its encoding", () => {
    expect(keys).toHaveLength(5);
    for (const { poolKey: key } of keys) {
      expect(verifyPoolKey(group, params, decode(poolKey, encode(poolKey, key)))).toEqual(key.commitments);
    }
  });

  test("has an id of its own", () => {
    const ids = keys.map((key) => Buffer.from(key.id).toString("hex"));
    expect(new Set(ids).size).toBe(5);
    expect(keys.map((key) => deriveKeyId(key.poolKey))).toEqual(keys.map((key) => key.id));
    expect(deriveKeyId({ ceremony: params.rosterHash, index: 0 })).not.toEqual(keys[0]?.id);
  });

  const flip = (raw: Uint8Array) => Uint8Array.from(raw, (byte, i) => (i === 5 ? byte ^ 1 : byte));
  const key = at(2);
  const swapped = key.certificate.with(0, key.certificate[1] ?? key.transcript);
  const other = at(3);
  const changes: readonly (readonly [string, Partial<PoolKey>, string])[] = [
    ["another roster", { rosterHash: flip(key.rosterHash) }, "ERR_POOL_ROSTER"],
    ["another ceremony", { ceremony: flip(key.ceremony) }, "ERR_POOL_CERTIFICATE"],
    ["another index", { index: 3 }, "ERR_POOL_CERTIFICATE"],
    ["another count", { count: 6 }, "ERR_POOL_CERTIFICATE"],
    ["another depth", { count: 9 }, "ERR_POOL_PATH"],
    ["an index beyond the count", { index: 5 }, "ERR_POOL_PATH"],
    ["a shorter path", { merklePath: key.merklePath.slice(1) }, "ERR_POOL_PATH"],
    ["a longer path", { merklePath: [...key.merklePath, key.transcript] }, "ERR_POOL_PATH"],
    ["another transcript", { transcript: flip(key.transcript) }, "ERR_POOL_CERTIFICATE"],
    ["another key's commitments", { commitments: other.commitments }, "ERR_POOL_CERTIFICATE"],
    ["fewer commitments", { commitments: key.commitments.slice(1) }, "ERR_POOL_CERTIFICATE"],
    ["n - 1 signatures", { certificate: key.certificate.slice(1) }, "ERR_POOL_CERTIFICATE"],
    ["n + 1 signatures", { certificate: [...key.certificate, key.transcript] }, "ERR_POOL_CERTIFICATE"],
    ["one signature twice", { certificate: swapped }, "ERR_POOL_CERTIFICATE"],
  ];
  test.each(changes)("is refused with %s", (_, change, code) => {
    expect(() => verifyPoolKey(group, params, { ...key, ...change })).toThrow(error(code));
  });

  test("is refused under another threshold or other oracles", () => {
    const refused = error("ERR_POOL_CERTIFICATE");
    expect(() => verifyPoolKey(group, { ...params, threshold: 2 }, key)).toThrow(refused);
    const voteKeys = [...params.voteKeys].reverse();
    expect(() => verifyPoolKey(group, { ...params, voteKeys }, key)).toThrow(refused);
    const fewer = { ...params, voteKeys: params.voteKeys.slice(1) };
    expect(() => verifyPoolKey(group, fewer, { ...key, certificate: key.certificate.slice(1) })).toThrow(
      refused,
    );
  });
});

describe("the Merkle tree", () => {
  const leaf = (i: number) => taggedHash("ipse/v1/test", Uint8Array.of(i));

  test("leads every leaf to the root, and to it alone from its own place", () => {
    for (let count = 1; count <= 33; count++) {
      const levels = merkleLevels(Array.from({ length: count }, (_, i) => leaf(i)));
      const root = merkleRoot(levels);
      for (let index = 0; index < count; index++) {
        const path = merklePath(levels, index);
        expect(rootOfPath(leaf(index), index, count, path)).toEqual(root);
        expect(rootOfPath(leaf(index), index, count, [...path, root])).toBeUndefined();
        if (count > 1) expect(rootOfPath(leaf(index + 1), index, count, path)).not.toEqual(root);
      }
    }
  });

  test("never takes an inner node for a leaf", () => {
    const levels = merkleLevels([0, 1, 2, 3].map(leaf));
    const [left, right] = levels[1] ?? [];
    if (left === undefined || right === undefined) throw new Error("no inner nodes");
    expect(rootOfPath(left, 0, 2, [right])).toEqual(merkleRoot(levels));
    // The count is signed, and leaves are hashed under a tag no inner node has.
    expect(left).not.toEqual(taggedHash("ipse/v1/dkg-leaf", leaf(0), leaf(1)));
    for (const index of [-1, 4, 1.5]) expect(rootOfPath(leaf(0), index, 4, [leaf(1), right])).toBeUndefined();
  });
});

describe("parameters", () => {
  test("bound the ceremony so that Round 1 fits a frame", () => {
    for (let threshold = 2; threshold <= ORACLES_MAX; threshold++) {
      const commitments = Array.from({ length: threshold }, () => new Uint8Array(32));
      const keys = Array.from({ length: ceremonyKeysMax(threshold) }, () => ({
        commitments,
        proof: new Uint8Array(64),
      }));
      const message = {
        version: 1,
        ceremony: new Uint8Array(32),
        party: 1,
        body: { kind: "round1", keys },
      } as const;
      expect(encodeDkgMessage(message).length).toBeLessThan(FRAME_BYTES_MAX - 64);
    }
  });

  test.each([
    ["t = 1", { threshold: 1 }],
    ["t > n", { threshold: 5 }],
    ["no keys", { count: 0 }],
    ["too many keys", { count: 1025 }],
    ["half a key", { count: 1.5 }],
    ["too many oracles", { voteKeys: Array.from({ length: ORACLES_MAX + 1 }, () => new Uint8Array(32)) }],
  ])("refuse %s", (_, change) => {
    expect(() => checkParams({ ...params, ...change }, 1)).toThrow(error("ERR_DKG_PARAMS"));
  });

  test.each([0, 5, 1.5])("refuse party %d of 4", (party) => {
    expect(() => checkParams(params, party)).toThrow(error("ERR_DKG_PARAMS"));
  });
});
