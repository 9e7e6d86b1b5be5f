import { equalBytes } from "../bytes.ts";
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
import { type Ed25519, type Group, type Point, type Scalar, SIGNATURE_BYTES, WIDE_BYTES } from "./group.ts";
import { recentKeys, recentSignatures } from "./recent-keys.ts";
import { Scratch } from "./scratch.ts";
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

/** One process computes one thing at a time. */
const scratch = new Scratch();

type Unary = (out: Uint8Array, a: Uint8Array) => void;
type Binary = (out: Uint8Array, a: Uint8Array, b: Uint8Array) => void;

/** The 32-byte result of a call on 32 bytes, which may be secret. */
function unary<T extends Uint8Array>(call: Unary): (a: Uint8Array) => T {
  return (a) => {
    try {
      call(scratch.at("out"), scratch.put("a", a));
      return scratch.copy("out") as T;
    } finally {
      scratch.wipe();
    }
  };
}

/** The 32-byte result of a call on twice 32 bytes, which may be secret. */
function binary<T extends Uint8Array>(call: Binary): (a: Uint8Array, b: Uint8Array) => T {
  return (a, b) => {
    try {
      call(scratch.at("out"), scratch.put("a", a), scratch.put("b", b));
      return scratch.copy("out") as T;
    } finally {
      scratch.wipe();
    }
  };
}

function scalarOps({ native, wasm }: Sodium) {
  const invert = unary<Scalar>(native.crypto_core_ed25519_scalar_invert);
  const reduce = (wide: Uint8Array): Scalar => {
    try {
      native.crypto_core_ed25519_scalar_reduce(scratch.at("out"), wide);
      return scratch.copy("out") as Scalar;
    } finally {
      scratch.wipe();
    }
  };
  return {
    scalarFromWide: (bytes: Uint8Array): Scalar => {
      if (bytes.length !== WIDE_BYTES) throw scalarError("a wide scalar has 64 bytes");
      return reduce(scratch.put("wide", bytes));
    },
    scalarFromNumber: (value: number): Scalar => numberBytes(value) as Scalar,
    decodeScalar: (bytes: Uint8Array): Scalar => {
      if (!isCanonicalScalar(bytes)) throw scalarError("not a canonical scalar");
      return Uint8Array.from(bytes) as Scalar;
    },
    scalarAdd: binary<Scalar>(native.crypto_core_ed25519_scalar_add),
    scalarSub: binary<Scalar>(native.crypto_core_ed25519_scalar_sub),
    scalarMul: (a: Scalar, b: Scalar): Scalar => wasm.crypto_core_ed25519_scalar_mul(a, b) as Scalar,
    scalarNegate: unary<Scalar>(native.crypto_core_ed25519_scalar_negate),
    scalarInvert: (a: Scalar): Scalar => {
      if (isZeroBytes(a)) throw scalarError("zero has no inverse");
      return invert(a);
    },
    scalarIsZero: isZeroBytes,
  };
}

/** SHA-512 of the parts one after the other, which may be secret, at the place `wide`. */
function hashParts(native: SodiumNative, parts: readonly Uint8Array[]): Uint8Array {
  const out = scratch.at("wide");
  const message = scratch.message(parts);
  native.crypto_hash_sha512(out, message);
  message.fill(0);
  return out;
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
  const baseProduct = unary<Point>(native.crypto_scalarmult_ed25519_base_noclamp);
  const pointProduct = binary<Point>(native.crypto_scalarmult_ed25519_noclamp);
  const add = binary<Point>(native.crypto_core_ed25519_add);
  const baseMul = (s: Scalar): Point => (isZeroBytes(s) ? identity : baseProduct(s));
  const mul = (s: Scalar, p: Point): Point =>
    isZeroBytes(s) || equalBytes(p, identity) ? identity : pointProduct(s, p);
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
    sub: binary<Point>(native.crypto_core_ed25519_sub),
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
  return (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | undefined => {
    const difference = wasmPoints.difference(publicKey);
    if (difference === undefined) return undefined;
    scratch.put("signature", signature);
    const [r, s, c] = [scratch.at("r"), scratch.at("s"), scratch.at("out")];
    if (!isCanonicalScalar(s)) return false;
    native.crypto_core_ed25519_scalar_reduce(c, hashParts(native, [r, publicKey, message]));
    return equalBytes(difference(s, c), r) && !equalBytes(r, identity);
  };
}

function signatureOps(native: SodiumNative, areValid: AreValid, wasmPoints?: PublicPoints): Ed25519 {
  const byTable = wasmPoints && verifierByTable(native, wasmPoints);
  // libsodium checks S < L and compares R without the cofactor; with a prime-order key that is all of it.
  const verifies = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    areValid([publicKey]) &&
    native.crypto_sign_verify_detached(
      scratch.put("signature", signature),
      scratch.message([message]),
      scratch.put("publicKey", publicKey),
    );
  const recent = recentSignatures((publicKey, message, signature) => {
    if (signature.length !== SIGNATURE_BYTES) return false;
    const verdict = byTable?.(publicKey, message, signature);
    if (verdict !== undefined) return verdict;
    if (!verifies(publicKey, message, signature)) return false;
    wasmPoints?.used(publicKey);
    return true;
  });
  /** Both keys of a seed, in their places until the next wipe. */
  const expand = (seed: Uint8Array): [publicKey: Uint8Array, secretKey: Uint8Array] => {
    const [publicKey, secretKey] = [scratch.at("publicKey"), scratch.at("secretKey")];
    native.crypto_sign_seed_keypair(publicKey, secretKey, scratch.put("a", seed));
    return [publicKey, secretKey];
  };
  const signWith = (publicKey: Uint8Array, secretKey: Uint8Array, message: Uint8Array): Uint8Array => {
    native.crypto_sign_detached(scratch.at("signature"), scratch.message([message]), secretKey);
    const signature = scratch.copy("signature");
    recent.note(publicKey, message, signature);
    return signature;
  };
  return {
    prepare: (publicKeys) => wasmPoints?.tabulate(publicKeys),
    publicKey: (seed) => {
      try {
        return expand(seed)[0].slice();
      } finally {
        scratch.wipe();
      }
    },
    sign: (seed, message) => {
      try {
        return signWith(...expand(seed), message);
      } finally {
        scratch.wipe();
      }
    },
    signer: (seed) => {
      const [publicKey, secretKey] = expand(seed).map((key) => key.slice()) as [Uint8Array, Uint8Array];
      scratch.wipe();
      return (message) => signWith(publicKey, secretKey, message);
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
      const out = hashParts(native, parts).slice();
      scratch.wipe();
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
