import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { type Group, loadFastGroup, type Point, portableGroup, type Scalar } from "../../src/group/index.ts";

export const fastGroup = await loadFastGroup();

/** Every backend that runs on this machine. */
export const backends: readonly Group[] =
  fastGroup === undefined ? [portableGroup] : [portableGroup, fastGroup];

/** The quicker backend, for tests of logic that does not depend on the backend. */
export const anyGroup: Group = fastGroup ?? portableGroup;

/** A share of FC_RUNS, for properties whose single run is slow. */
export function runs(share: number): { numRuns: number } {
  return { numRuns: Math.max(2, Math.ceil(Number(process.env["FC_RUNS"] ?? 100) * share)) };
}

export const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

/** Deterministic "random" bytes from a seed, for the random functions the code under test asks for. */
export function seededRandom(seed: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += 64) {
      const block = portableGroup.sha512(new TextEncoder().encode(`${seed}/${counter++}`));
      out.set(block.subarray(0, Math.min(64, length - offset)), offset);
    }
    return out;
  };
}

export function randomScalar(group: Group, random: (length: number) => Uint8Array): Scalar {
  return group.scalarFromWide(random(64));
}

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** An independent verifier: OpenSSL behind node:crypto. */
export function nodeVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, publicKey]),
    format: "der",
    type: "spki",
  });
  return verify(null, message, key, signature);
}

export const asPoint = (raw: Uint8Array): Point => raw as Point;
export const asScalar = (raw: Uint8Array): Scalar => raw as Scalar;
