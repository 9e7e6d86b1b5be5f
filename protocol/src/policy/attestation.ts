import { z } from "zod";
import { parseWith } from "../encoding/schema.ts";
import { parseStrictJsonBytes } from "../encoding/strict-json.ts";
import { check } from "../errors.ts";
import { MESSAGE_BYTES_MAX } from "../limits.ts";

/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const IN_TOTO_PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const inTotoStatement = z.looseObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z
    .array(
      z.looseObject({
        digest: z.record(z.string(), z.string()).refine((digest) => Object.keys(digest).length > 0),
      }),
    )
    .min(1),
  predicateType: z.string().min(1),
  predicate: z.looseObject({}).optional(),
});

const HEAD = /^DSSEv1 (0|[1-9][0-9]{0,5}) /;
const LENGTH = /^ (0|[1-9][0-9]{0,5}) /;

/** Bytes as one character each, so that a pattern's offsets are byte offsets. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/**
 * Takes a DSSE pre-authentication encoding apart (DSSE protocol v1.0.2: "DSSEv1" SP LEN(type) SP type SP
 * LEN(body) SP body) and refuses anything that would not re-encode to the same bytes.
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

/** An attestation is the PAE of an in-toto Statement v1, in strict JSON. Throws ERR_POLICY_ATTESTATION or ERR_JSON_*. */
export function judgeAttestation(payload: Uint8Array): void {
  const { type, body } = parsePae(payload);
  check(type === IN_TOTO_PAYLOAD_TYPE, "ERR_POLICY_ATTESTATION", "the payload type is not in-toto's");
  const json = parseStrictJsonBytes(body, { lengthMax: MESSAGE_BYTES_MAX, depthMax: 64 });
  parseWith(inTotoStatement, json, "ERR_POLICY_ATTESTATION");
}
