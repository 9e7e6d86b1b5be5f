import { type Ed25519, type Group, type Point, portableGroup } from "@ipse/protocol/group";
import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { ed25519 } from "@noble/curves/ed25519.js";

/*
 * The portable group, remembering as much as the one over libsodium does: points that were found good (a chain
 * key is announced in one step and used in the next) and signatures that were found good or made here. It forgets
 * nothing, because a bench ends before that matters.
 */

const Curve = ed25519.Point;
type CurvePoint = InstanceType<typeof Curve>;

const nameOf = (...parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("latin1");

const goodPoints = new Map<string, CurvePoint>();

/** Throws on anything but the canonical encoding of a point of prime order. */
function goodPoint(bytes: Uint8Array): CurvePoint {
  const name = nameOf(bytes);
  const known = goodPoints.get(name);
  if (known !== undefined) return known;
  portableGroup.decodePoint(bytes);
  const point = Curve.fromBytes(bytes);
  goodPoints.set(name, point);
  return point;
}

/** As the portable group verifies, RFC 8032 section 5.1.7 without the cofactor. */
function computedVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = goodPoint(publicKey);
    const r = signature.subarray(0, 32);
    const s = Curve.Fn.fromBytes(signature.subarray(32));
    const k = Curve.Fn.fromBytes(portableGroup.scalarFromWide(portableGroup.sha512(r, publicKey, message)));
    const expected = mulAddUnsafe(Curve, [Curve.BASE, key.negate()], [s, k]);
    return !expected.is0() && Buffer.from(expected.toBytes()).equals(r);
  } catch {
    return false;
  }
}

const goodSignatures = new Set<string>();
const publicKeys = new WeakMap<Uint8Array, Uint8Array>();

function publicKey(seed: Uint8Array): Uint8Array {
  const known = publicKeys.get(seed) ?? ed25519.getPublicKey(seed);
  publicKeys.set(seed, known);
  return known;
}

const signatures: Ed25519 = {
  ...portableGroup.ed25519,
  publicKey,
  sign: (seed, message) => {
    const signature = ed25519.sign(message, seed);
    goodSignatures.add(nameOf(publicKey(seed), signature, message));
    return signature;
  },
  verify: (key, message, signature) => {
    const name = nameOf(key, signature, message);
    const good = goodSignatures.has(name) || computedVerify(key, message, signature);
    if (good) goodSignatures.add(name);
    return good;
  },
};

function decodePoint(bytes: Uint8Array): Point {
  goodPoint(bytes);
  return Uint8Array.from(bytes) as Point;
}

export const nobleGroup: Group = {
  ...portableGroup,
  decodePoint,
  decodePoints: (encodings) => encodings.map(decodePoint),
  ed25519: signatures,
};
