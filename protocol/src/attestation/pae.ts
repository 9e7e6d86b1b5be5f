import { concatBytes, utf8 } from "../bytes.ts";
import { check } from "../errors.ts";

const HEAD = /^DSSEv1 (0|[1-9][0-9]{0,5}) /;
const LENGTH = /^ (0|[1-9][0-9]{0,5}) /;

/**
 * What a DSSE signature is over (DSSE protocol v1.0.2, https://github.com/secure-systems-lab/dsse): "DSSEv1" SP
 * LEN(type) SP type SP LEN(body) SP body, with lengths in bytes, in decimal, without leading zeros.
 */
export function encodePae(type: string, body: Uint8Array): Uint8Array {
  const name = utf8(type);
  return concatBytes(utf8(`DSSEv1 ${name.length} `), name, utf8(` ${body.length} `), body);
}

/** Bytes as one character each, so that a pattern's offsets are byte offsets. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/**
 * Takes a pre-authentication encoding apart and refuses anything that would not re-encode to the same bytes.
 * Throws ERR_POLICY_ATTESTATION.
 */
export function parsePae(pae: Uint8Array): { readonly type: string; readonly body: Uint8Array } {
  const refuse = (holds: boolean): void =>
    check(holds, "ERR_POLICY_ATTESTATION", "not a DSSE pre-authentication encoding");
  const head = HEAD.exec(latin1(pae.subarray(0, 16)));
  const typeStart = head?.[0].length ?? 0;
  const typeEnd = typeStart + Number(head?.[1]);
  refuse(head !== null && typeEnd <= pae.length);
  const length = LENGTH.exec(latin1(pae.subarray(typeEnd, typeEnd + 16)));
  const bodyStart = typeEnd + (length?.[0].length ?? 0);
  refuse(length !== null && bodyStart + Number(length[1]) === pae.length);
  return { type: latin1(pae.subarray(typeStart, typeEnd)), body: pae.slice(bodyStart) };
}
