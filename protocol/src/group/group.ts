declare const brand: unique symbol;

/** An integer modulo the group order, 32 bytes little-endian, always reduced (RFC 9591 section 3.1, SerializeScalar). */
export type Scalar = Uint8Array & { readonly [brand]: "Scalar" };
/** A member of the prime-order group in its canonical 32-byte encoding (RFC 9591 section 6.1, SerializeElement). */
export type Point = Uint8Array & { readonly [brand]: "Point" };

export const SCALAR_BYTES = 32;
export const POINT_BYTES = 32;
export const WIDE_BYTES = 64;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/**
 * Ed25519 signatures (RFC 8032 section 5.1), verified in one strict way on every backend: the public key and R
 * are canonical, of prime order and not the identity, S < L, and the equation holds without the cofactor.
 * Votes and evidence must mean the same to everyone, so the leeway of RFC 8032 section 5.1.7 is not used.
 */
export interface Ed25519 {
  publicKey(seed: Uint8Array): Uint8Array;
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** For a key that signs often: a copy, expanded once, that is in memory for as long as the signer is held. */
  signer(seed: Uint8Array): (message: Uint8Array) => Uint8Array;
  /**
   * Announces PUBLIC keys under which many signatures will be verified: more quickly from now on, with the same verdicts.
   * It costs the time of some 30 verifications and 0.6 MB for each key and is meant for a roster's vote keys. Only the
   * first 16 keys of a process count, and only in the fast backend.
   */
  prepare(publicKeys: readonly Uint8Array[]): void;
  /** Never throws: whatever is malformed is false. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * The prime-order group of RFC 9591 section 3.1 over encoded values. Points and scalars are immutable by
 * convention, except that whoever owns a secret scalar may zeroize it: every scalar result is a fresh buffer.
 * Everything above this interface depends on lengths and group laws alone, never on a curve.
 */
export interface Group {
  readonly name: string;
  /** The group order L; public information, not for arithmetic on secrets. */
  readonly order: bigint;
  readonly generator: Point;
  readonly identity: Point;

  sha512(...parts: readonly Uint8Array[]): Uint8Array;

  /** Reduces 64 uniform bytes modulo L (RFC 9591 section 6.1). Throws ERR_GROUP_SCALAR on another length. */
  scalarFromWide(bytes: Uint8Array): Scalar;
  /** A small public non-negative integer as a scalar. Throws ERR_GROUP_SCALAR otherwise. */
  scalarFromNumber(value: number): Scalar;
  /** DeserializeScalar, RFC 9591 section 3.1. Throws ERR_GROUP_SCALAR on a wrong length or a value >= L. */
  decodeScalar(bytes: Uint8Array): Scalar;
  /**
   * DeserializeElement, RFC 9591 sections 3.1 and 6.1. Throws ERR_GROUP_POINT on anything but the canonical
   * encoding of a prime-order point: the identity, small and mixed order, y >= p, off the curve. For PUBLIC points
   * only: it may run in variable time, and remember them.
   */
  decodePoint(bytes: Uint8Array): Point;
  /** `decodePoint` of each, for less than one after the other. Throws ERR_GROUP_POINT if one of them is no point. */
  decodePoints(encodings: readonly Uint8Array[]): Point[];

  scalarAdd(a: Scalar, b: Scalar): Scalar;
  scalarSub(a: Scalar, b: Scalar): Scalar;
  scalarMul(a: Scalar, b: Scalar): Scalar;
  scalarNegate(a: Scalar): Scalar;
  /** Throws ERR_GROUP_SCALAR on zero. */
  scalarInvert(a: Scalar): Scalar;
  scalarIsZero(a: Scalar): boolean;

  /** [s]B; for secret s. */
  baseMul(s: Scalar): Point;
  /** [s]P; for secret s. */
  mul(s: Scalar, p: Point): Point;
  add(p: Point, q: Point): Point;
  sub(p: Point, q: Point): Point;
  equal(p: Point, q: Point): boolean;
  /**
   * The sum of [s_i]P_i. PUBLIC scalars and points only: it may run in variable time, and remember the points. They
   * must be valid, decoded by `decodePoint` or our own results: it checks none. Throws ERR_GROUP_LENGTH on unequal lengths.
   */
  multiMulPublic(scalars: readonly Scalar[], points: readonly Point[]): Point;

  readonly ed25519: Ed25519;
}
