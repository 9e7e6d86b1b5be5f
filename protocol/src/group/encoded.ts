import { IpseError } from "../errors.ts";
import { SCALAR_BYTES } from "./group.ts";

/** The order of the Ed25519 prime-order subgroup (RFC 8032 section 5.1). */
export const ORDER: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;

const ORDER_BYTES = littleEndian(ORDER);
const GENERATOR_Y_BYTES = new Uint8Array(SCALAR_BYTES).fill(0x66);
GENERATOR_Y_BYTES[0] = 0x58;

/** The encoding of the base point B: y = 4/5, even x (RFC 8032 section 5.1). */
export function generatorBytes(): Uint8Array {
  return GENERATOR_Y_BYTES.slice();
}

/** The encoding of the identity: y = 1. */
export function identityBytes(): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  bytes[0] = 1;
  return bytes;
}

/** Whether the bytes are a scalar below L; takes the same time for every value. */
export function isCanonicalScalar(bytes: Uint8Array): boolean {
  if (bytes.length !== SCALAR_BYTES) return false;
  let borrow = 0;
  for (let i = 0; i < SCALAR_BYTES; i++) {
    borrow = (((bytes[i] ?? 0) - (ORDER_BYTES[i] ?? 0) - borrow) >> 8) & 1;
  }
  return borrow === 1;
}

/** Whether all bytes are zero; takes the same time for every value. */
export function isZeroBytes(bytes: Uint8Array): boolean {
  let any = 0;
  for (const byte of bytes) any |= byte;
  return any === 0;
}

/** A public non-negative safe integer as 32 little-endian bytes. Throws ERR_GROUP_SCALAR otherwise. */
export function numberBytes(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new IpseError("ERR_GROUP_SCALAR", "a small scalar is a non-negative safe integer");
  }
  const bytes = new Uint8Array(SCALAR_BYTES);
  let rest = value;
  for (let i = 0; rest > 0; i++) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

export function scalarError(message: string): IpseError {
  return new IpseError("ERR_GROUP_SCALAR", message);
}

export function pointError(): IpseError {
  return new IpseError("ERR_GROUP_POINT", "not the canonical encoding of a point of prime order");
}

export function lengthError(): IpseError {
  return new IpseError("ERR_GROUP_LENGTH", "as many scalars as points are needed");
}

function littleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  let rest = value;
  for (let i = 0; i < SCALAR_BYTES; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
