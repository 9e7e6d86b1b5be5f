import { parsePae } from "../attestation/pae.ts";
import { IN_TOTO_PAYLOAD_TYPE, parseStatement } from "../attestation/statement.ts";
import { check } from "../errors.ts";

/** An attestation is the PAE of an in-toto Statement v1, in strict JSON. Throws ERR_POLICY_ATTESTATION or ERR_JSON_*. */
export function judgeAttestation(payload: Uint8Array): void {
  const { type, body } = parsePae(payload);
  check(type === IN_TOTO_PAYLOAD_TYPE, "ERR_POLICY_ATTESTATION", "the payload type is not in-toto's");
  parseStatement(body, "ERR_POLICY_ATTESTATION");
}
