import { z } from "zod";
import { fromBase64, toBase64 } from "../encoding/base64.ts";
import { parseWith } from "../encoding/schema.ts";
import { parseStrictJsonBytes } from "../encoding/strict-json.ts";
import { check } from "../errors.ts";
import { encodePae } from "./pae.ts";
import { IN_TOTO_PAYLOAD_TYPE, type InTotoStatement, parseStatement } from "./statement.ts";

/** Bytes of an envelope that is verified. */
export const ENVELOPE_BYTES_MAX = 2 * 1024 * 1024;
/** Signatures that are looked at; keys times signatures bounds the work. */
const SIGNATURES_MAX = 16;
const INVALID = "ERR_ATTESTATION_ENVELOPE";

/** https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md */
const dsseEnvelope = z.looseObject({
  payload: z.string(),
  payloadType: z.string().min(1),
  signatures: z
    .array(z.looseObject({ keyid: z.string().optional(), sig: z.string() }))
    .min(1)
    .max(SIGNATURES_MAX),
});

/** An envelope as we write it: standard base64 with padding, one signature. */
export interface DsseEnvelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** Puts a signed in-toto statement into its envelope. */
export function sealEnvelope(statement: Uint8Array, keyid: string, signature: Uint8Array): DsseEnvelope {
  return {
    payload: toBase64(statement),
    payloadType: IN_TOTO_PAYLOAD_TYPE,
    signatures: [{ keyid, sig: toBase64(signature) }],
  };
}

/** A key somebody trusts to attest. */
export interface AttestationKey {
  readonly kid: string;
  /** 32 bytes of Ed25519. */
  readonly publicKey: Uint8Array;
}

export interface VerifiedAttestation {
  readonly kid: string;
  readonly statement: InTotoStatement;
}

/** Ed25519 (RFC 8032). Never throws. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * Verifies an envelope: one signature by one of `keys` over exactly these bytes and this type, and an in-toto
 * statement inside. `keyid` is an unauthenticated hint (DSSE envelope.md) and decides nothing. The payload is parsed
 * only after its signature held. Throws ERR_ATTESTATION_ENVELOPE, _SIGNATURE, _TYPE or _STATEMENT, or ERR_JSON_*.
 */
export function openEnvelope(
  bytes: Uint8Array,
  keys: readonly AttestationKey[],
  verify: VerifyEd25519,
): VerifiedAttestation {
  const json = parseStrictJsonBytes(bytes, { lengthMax: ENVELOPE_BYTES_MAX });
  const { payload, payloadType, signatures } = parseWith(dsseEnvelope, json, INVALID);
  const body = fromBase64(payload);
  check(body !== undefined, INVALID, "the payload is not base64");
  const pae = encodePae(payloadType, body);
  const decoded = signatures.flatMap(({ sig }) => fromBase64(sig) ?? []);
  const signer = keys.find(({ publicKey }) =>
    decoded.some((signature) => signature.length === 64 && verify(publicKey, pae, signature)),
  );
  check(signer !== undefined, "ERR_ATTESTATION_SIGNATURE", "no signature by a trusted key");
  check(payloadType === IN_TOTO_PAYLOAD_TYPE, "ERR_ATTESTATION_TYPE", "the payload type is not in-toto's");
  return { kid: signer.kid, statement: parseStatement(body, "ERR_ATTESTATION_STATEMENT") };
}
