import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";

const Curve = ed25519.Point;
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** The base point B. */
export const generator: Uint8Array = Curve.BASE.toBytes();

/** The eight points of order 1, 2, 4 and 8, the identity first. */
export const torsion: readonly Uint8Array[] = ED25519_TORSION_SUBGROUP.map(hex);

/** A prime-order point plus each of the seven non-trivial torsion points. */
export const mixedOrder: readonly Uint8Array[] = ED25519_TORSION_SUBGROUP.filter(
  (text) => !Curve.fromHex(text).is0(),
).map((text) => Curve.BASE.multiply(271828n).add(Curve.fromHex(text)).toBytes());

/** Encodings that RFC 8032 section 5.1.3 tells decoders to refuse, or that lie off the curve. */
export const nonCanonical: readonly (readonly [string, Uint8Array])[] = [
  ["y = p, which is 0", hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")],
  ["y = p + 1, the identity", hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")],
  ["y = p + 1 with a sign", hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")],
  ["y = p + 3, on the curve", hex("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")],
  ["y = 2^255 - 1", hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")],
  ["the identity with a sign", hex("0100000000000000000000000000000000000000000000000000000000000080")],
  ["y = -1 with a sign", hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")],
  ["y = 2, off the curve", hex("0200000000000000000000000000000000000000000000000000000000000000")],
  ["31 bytes", Curve.BASE.toBytes().subarray(0, 31)],
  ["33 bytes", Uint8Array.from([...Curve.BASE.toBytes(), 0])],
  ["nothing", new Uint8Array(0)],
];

/** Scalars at and above the order, and of a wrong length. */
export const badScalars: readonly (readonly [string, Uint8Array])[] = [
  ["L", hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")],
  ["L + 1", hex("eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")],
  ["2^252 + 2^128", hex("0000000000000000000000000000000001000000000000000000000000000010")],
  ["2^253", hex("0000000000000000000000000000000000000000000000000000000000000020")],
  ["2^256 - 1", new Uint8Array(32).fill(255)],
  ["31 bytes", new Uint8Array(31)],
  ["33 bytes", new Uint8Array(33)],
];

/** L - 1, the largest scalar. */
export const largestScalar: Uint8Array = hex(
  "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
);
