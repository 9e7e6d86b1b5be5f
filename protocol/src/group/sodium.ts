import { concatBytes, equalBytes, zeroize } from "../bytes.ts";
import {
  generatorBytes,
  identityBytes,
  isCanonicalScalar,
  isZeroBytes,
  lengthError,
  numberBytes,
  ORDER,
  pointError,
  scalarError,
} from "./encoded.ts";
import {
  type Ed25519,
  type Group,
  POINT_BYTES,
  type Point,
  SCALAR_BYTES,
  type Scalar,
  SIGNATURE_BYTES,
  WIDE_BYTES,
} from "./group.ts";
import { recentKeys, recentSignatures } from "./recent-keys.ts";
import { selfTest } from "./self-test.ts";
import { loadSodium, type Sodium, type SodiumNative } from "./sodium-load.ts";
import { type PublicPoints, publicPoints } from "./straus.ts";
import { instantiateStraus } from "./straus-load.ts";

/*
 * The fast backend: libsodium. All arithmetic on secrets is constant time: points, additions and inversions
 * in the native build; multiplication modulo L in the WASM build, because sodium-native does not export it. What is
 * public alone, which received strings are points, sums over such points and signatures under a few keys, goes through
 * the module of protocol/wasm.
 *
 * HAZARDS: the WASM heap keeps copies of factors until it is reused. libsodium refuses a multiplication whose
 * result is the identity, so zero scalars and the identity are answered here, with a branch: timing shows
 * THAT a secret is zero, which happens with probability 2^-252.
 */

/** A fresh 32-byte result, written by one libsodium call. */
function written<T extends Uint8Array>(write: (out: Uint8Array) => void): T {
  const out = new Uint8Array(32);
  write(out);
  return out as unknown as T;
}

function scalarOps(sodium: Sodium) {
  const { native, wasm } = sodium;
  return {
    scalarFromWide: (bytes: Uint8Array): Scalar => {
      if (bytes.length !== WIDE_BYTES) throw scalarError("a wide scalar has 64 bytes");
      return written((out) => native.crypto_core_ed25519_scalar_reduce(out, bytes));
    },
    scalarFromNumber: (value: number): Scalar => numberBytes(value) as Scalar,
    decodeScalar: (bytes: Uint8Array): Scalar => {
      if (!isCanonicalScalar(bytes)) throw scalarError("not a canonical scalar");
      return Uint8Array.from(bytes) as Scalar;
    },
    scalarAdd: (a: Scalar, b: Scalar): Scalar =>
      written((out) => native.crypto_core_ed25519_scalar_add(out, a, b)),
    scalarSub: (a: Scalar, b: Scalar): Scalar =>
      written((out) => native.crypto_core_ed25519_scalar_sub(out, a, b)),
    scalarMul: (a: Scalar, b: Scalar): Scalar => wasm.crypto_core_ed25519_scalar_mul(a, b) as Scalar,
    scalarNegate: (a: Scalar): Scalar => written((out) => native.crypto_core_ed25519_scalar_negate(out, a)),
    scalarInvert: (a: Scalar): Scalar => {
      if (isZeroBytes(a)) throw scalarError("zero has no inverse");
      return written((out) => native.crypto_core_ed25519_scalar_invert(out, a));
    },
    scalarIsZero: isZeroBytes,
  };
}

/** What is hashed is put together here, and wiped: it may hold a secret. */
const HASHED = new Uint8Array(2048);

function hashParts(native: SodiumNative, out: Uint8Array, parts: readonly Uint8Array[]): void {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > HASHED.length) return native.crypto_hash_sha512(out, concatBytes(...parts));
  let at = 0;
  for (const part of parts) {
    HASHED.set(part, at);
    at += part.length;
  }
  native.crypto_hash_sha512(out, HASHED.subarray(0, length));
  HASHED.fill(0, 0, length);
}

type AreValid = (encodings: readonly Uint8Array[]) => boolean;

/** Whether all strings are canonical encodings of prime-order points; the recent good ones are remembered. */
function validPoints(native: SodiumNative): AreValid {
  const known = recentKeys((bytes) => (native.crypto_core_ed25519_is_valid_point(bytes) ? true : undefined));
  return (encodings) => encodings.every((bytes) => known(bytes) === true);
}

/** `wasmPoints`: what adds up public products faster, where there is such a thing. */
function pointOps(native: SodiumNative, areValid: AreValid, wasmPoints: PublicPoints | undefined) {
  const identity = identityBytes() as Point;
  const generator = generatorBytes() as Point;
  const one = numberBytes(1);
  const baseMul = (s: Scalar): Point =>
    isZeroBytes(s) ? identity : written((out) => native.crypto_scalarmult_ed25519_base_noclamp(out, s));
  const mul = (s: Scalar, p: Point): Point =>
    isZeroBytes(s) || equalBytes(p, identity)
      ? identity
      : written((out) => native.crypto_scalarmult_ed25519_noclamp(out, s, p));
  const add = (p: Point, q: Point): Point => written((out) => native.crypto_core_ed25519_add(out, p, q));
  const sumOneByOne = (scalars: readonly Scalar[], points: readonly Point[]): Point => {
    let sum: Point | undefined;
    for (const [i, point] of points.entries()) {
      const term = product(scalars[i] as Scalar, point);
      sum = sum === undefined ? term : add(sum, term);
    }
    return sum ?? identity;
  };
  const product = (s: Scalar, p: Point): Point => {
    if (equalBytes(s, one)) return p;
    return equalBytes(p, generator) ? baseMul(s) : mul(s, p);
  };
  return {
    generator,
    identity,
    decodePoint: (bytes: Uint8Array): Point => {
      if (!areValid([bytes])) throw pointError();
      return Uint8Array.from(bytes) as Point;
    },
    decodePoints: (encodings: readonly Uint8Array[]): Point[] => {
      if (!areValid(encodings)) throw pointError();
      return encodings.map((bytes) => Uint8Array.from(bytes) as Point);
    },
    baseMul,
    mul,
    add,
    sub: (p: Point, q: Point): Point => written((out) => native.crypto_core_ed25519_sub(out, p, q)),
    equal: equalBytes,
    multiMulPublic: (scalars: readonly Scalar[], points: readonly Point[]): Point => {
      if (scalars.length !== points.length) throw lengthError();
      return wasmPoints?.sum(scalars, points) ?? sumOneByOne(scalars, points);
    },
  };
}

/**
 * Verification under a key A with a table: whether R is the encoding of [S]B - [c]A, but not the identity's. The verdict
 * is libsodium's, as SPEC.md section 5 shows. Undefined where A has no table.
 */
function verifierByTable(native: SodiumNative, wasmPoints: PublicPoints) {
  const identity = identityBytes();
  const [hash, c] = [new Uint8Array(WIDE_BYTES), new Uint8Array(SCALAR_BYTES)];
  return (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | undefined => {
    const comb = wasmPoints.comb(publicKey);
    if (comb === undefined) return undefined;
    const [r, s] = [signature.subarray(0, POINT_BYTES), signature.subarray(POINT_BYTES)];
    if (!isCanonicalScalar(s)) return false;
    hashParts(native, hash, [r, publicKey, message]);
    native.crypto_core_ed25519_scalar_reduce(c, hash);
    return equalBytes(comb(s, c), r) && !equalBytes(r, identity);
  };
}

function signatureOps(native: SodiumNative, areValid: AreValid, wasmPoints?: PublicPoints): Ed25519 {
  const withKeys = (seed: Uint8Array, use: (pk: Uint8Array, sk: Uint8Array) => void): void => {
    const pk = new Uint8Array(32);
    const sk = new Uint8Array(64);
    native.crypto_sign_seed_keypair(pk, sk, seed);
    use(pk, sk);
    zeroize(sk);
  };
  const byTable = wasmPoints && verifierByTable(native, wasmPoints);
  // libsodium checks S < L and compares R without the cofactor; with a prime-order key that is all of it.
  const recent = recentSignatures(
    (publicKey, message, signature) =>
      signature.length === SIGNATURE_BYTES &&
      (byTable?.(publicKey, message, signature) ??
        (areValid([publicKey]) && native.crypto_sign_verify_detached(signature, message, publicKey))),
  );
  return {
    prepare: (publicKeys) => wasmPoints?.tabulate(publicKeys),
    publicKey: (seed) => written((out) => withKeys(seed, (pk) => out.set(pk))),
    sign: (seed, message) => {
      const signature = new Uint8Array(SIGNATURE_BYTES);
      withKeys(seed, (pk, sk) => {
        native.crypto_sign_detached(signature, message, sk);
        recent.note(pk, message, signature);
      });
      return signature;
    },
    signer: (seed) => {
      const [pk, sk] = [new Uint8Array(32), new Uint8Array(64)];
      native.crypto_sign_seed_keypair(pk, sk, seed);
      return (message) => {
        const signature = new Uint8Array(SIGNATURE_BYTES);
        native.crypto_sign_detached(signature, message, sk);
        recent.note(pk, message, signature);
        return signature;
      };
    },
    verify: recent.verify,
  };
}

/**
 * The group over the given builds of libsodium, and over `wasmPoints` for what is public, where there is such a thing; exported
 * for tests of builds that misbehave.
 */
export function sodiumGroup(sodium: Sodium, wasmPoints?: PublicPoints): Group {
  const { native } = sodium;
  const areValid = wasmPoints?.valid ?? validPoints(native);
  return {
    name: "ed25519/libsodium",
    order: ORDER,
    sha512: (...parts) => {
      const out = new Uint8Array(64);
      hashParts(native, out, parts);
      return out;
    },
    ...scalarOps(sodium),
    ...pointOps(native, areValid, wasmPoints),
    ed25519: signatureOps(native, areValid, wasmPoints),
  };
}

/** The fast group, or undefined where libsodium is missing or fails the self test. */
export async function loadFastGroup(): Promise<Group | undefined> {
  const sodium = await loadSodium();
  if (sodium === undefined) return undefined;
  return groupWithModule(sodium) ?? tested(sodiumGroup(sodium));
}

/**
 * The group with the module; undefined where there is none, where it traps, or where it is wrong. What is handed out
 * knows nothing of the test's points and keys: they would be in the way of others.
 */
function groupWithModule(sodium: Sodium): Group | undefined {
  const wasm = instantiateStraus();
  if (wasm === undefined) return undefined;
  try {
    const good = tested(sodiumGroup(sodium, publicPoints(wasm))) !== undefined;
    return good ? sodiumGroup(sodium, publicPoints(wasm)) : undefined;
  } catch {
    return undefined;
  }
}

function tested(group: Group): Group | undefined {
  return selfTest(group) ? group : undefined;
}
