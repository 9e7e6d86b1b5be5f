import { concatBytes } from "../../src/bytes.ts";
import { type Group, portableGroup, type Scalar } from "../../src/group/index.ts";
import { sodiumGroup } from "../../src/group/sodium.ts";
import type { SodiumNative } from "../../src/group/sodium-load.ts";
import { type PublicPoints, publicPoints } from "../../src/group/straus.ts";
import { asPoint, asScalar } from "./backends.ts";
import { mixedOrder, nonCanonical, torsion } from "./encodings.ts";
import { fromLittleEndian, littleEndian } from "./straus.ts";
import { freshModule, sodium } from "./subgroup.ts";

const L = portableGroup.order;

/** libsodium without the module, to compute what tests need. */
export const quick: Group = sodium === undefined ? portableGroup : sodiumGroup(sodium);

export interface Signer {
  readonly secret: Scalar;
  readonly key: Uint8Array;
}

export function signerOf(secret: Scalar): Signer {
  return { secret, key: quick.baseMul(secret) };
}

/** With R as it is and `log` for its discrete logarithm: good if it is that. No group has seen it before. */
export function signAs({ secret, key }: Signer, message: Uint8Array, r: Uint8Array, log: Scalar): Uint8Array {
  const c = quick.scalarFromWide(quick.sha512(r, key, message));
  return concatBytes(r, quick.scalarAdd(log, quick.scalarMul(c, secret)));
}

export function sign(signer: Signer, message: Uint8Array, nonce: Scalar): Uint8Array {
  return signAs(signer, message, quick.baseMul(nonce), nonce);
}

const withS = (signature: Uint8Array, change: (s: bigint) => bigint): Uint8Array =>
  concatBytes(signature.slice(0, 32), littleEndian(change(fromLittleEndian(signature.slice(32)))));

/** Signatures that must be refused, by what is wrong with them, though most satisfy some laxer rule. */
export function forgeries(signer: Signer, message: Uint8Array, nonce: Scalar): [string, Uint8Array][] {
  const zero = quick.scalarFromNumber(0);
  const r = quick.baseMul(nonce);
  const good = sign(signer, message, nonce);
  const signed = (name: string, points: readonly Uint8Array[], log: Scalar): [string, Uint8Array][] =>
    points.map((point) => [name, signAs(signer, message, point, log)]);
  const canonicalOnly = nonCanonical.filter(([, { length }]) => length === 32).map(([, bytes]) => bytes);
  return [
    ["S + L", withS(good, (s) => s + L)],
    ["S + 8L", withS(good, (s) => s + 8n * L)],
    ["S + 2^255", withS(good, (s) => s + 2n ** 255n)],
    ["S + 1", withS(good, (s) => (s + 1n) % L)],
    ["-S", withS(good, (s) => (L - s) % L)],
    ["S = 0", withS(good, () => 0n)],
    ["S = L", withS(good, () => L)],
    ["S of all ones", withS(good, () => 2n ** 256n - 1n)],
    ["R of zeros", concatBytes(new Uint8Array(32), good.slice(32))],
    ...signed("R of small order", torsion, zero),
    ...signed("R not canonical", canonicalOnly, zero),
    ...signed("another R", mixedOrder, nonce),
    ...signed(
      "R plus one of small order",
      torsion.slice(1).map((by) => quick.add(r, asPoint(by))),
      nonce,
    ),
    ...signed("minus R", [quick.sub(quick.identity, r)], nonce),
    ["63 bytes", good.slice(1)],
    ["65 bytes", Uint8Array.from([...good, 0])],
    ["nothing", new Uint8Array(0)],
  ];
}

/** libsodium's own verdict, as the group without a module gives it; undefined where there is none. */
export function sodiumVerifies(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean | undefined {
  if (sodium === undefined || signature.length !== 64) return undefined;
  const { native } = sodium;
  return (
    native.crypto_core_ed25519_is_valid_point(key) &&
    native.crypto_sign_verify_detached(signature, message, key)
  );
}

/** The fast group over the module, or over what `broken` makes of it, and how often it asked libsodium to verify. */
export function countingGroup(points: PublicPoints = publicPoints(freshModule())) {
  if (sodium === undefined) throw new Error("libsodium is gone");
  const { native } = sodium;
  let asked = 0;
  const counting: SodiumNative = {
    ...native,
    crypto_sign_verify_detached: (...args) => {
      asked++;
      return native.crypto_sign_verify_detached(...args);
    },
  };
  return { group: sodiumGroup({ ...sodium, native: counting }, points), points, asked: () => asked };
}

export const scalarOf = (value: bigint): Scalar => asScalar(littleEndian(((value % L) + L) % L));
