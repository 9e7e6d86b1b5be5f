import { utf8 } from "../bytes.ts";
import type { Group, Scalar } from "../group/index.ts";

/** The ciphersuite of RFC 9591 section 6.1, FROST(Ed25519, SHA-512). */
export const SUITE = "FROST-ED25519-SHA512-v1";

const RHO = utf8(`${SUITE}rho`);
const NONCE = utf8(`${SUITE}nonce`);
const MSG = utf8(`${SUITE}msg`);
const COM = utf8(`${SUITE}com`);
/** H1 of RFC 9591 section 6.1: binding factors. */
export function h1(group: Group, ...parts: readonly Uint8Array[]): Scalar {
  return group.scalarFromWide(group.sha512(RHO, ...parts));
}

/** H2 of RFC 9591 section 6.1: the challenge; without a prefix, to be that of RFC 8032. */
export function h2(group: Group, ...parts: readonly Uint8Array[]): Scalar {
  return group.scalarFromWide(group.sha512(...parts));
}

/** H3 of RFC 9591 section 6.1: nonces. The hash output is secret and wiped. */
export function h3(group: Group, ...parts: readonly Uint8Array[]): Scalar {
  const wide = group.sha512(NONCE, ...parts);
  const scalar = group.scalarFromWide(wide);
  wide.fill(0);
  return scalar;
}

/** H4 of RFC 9591 section 6.1: the message. */
export function h4(group: Group, message: Uint8Array): Uint8Array {
  return group.sha512(MSG, message);
}

/** H5 of RFC 9591 section 6.1: the commitment list, whole or in parts. */
export function h5(group: Group, ...encodedList: readonly Uint8Array[]): Uint8Array {
  return group.sha512(COM, ...encodedList);
}
