import { check, MESSAGE_BYTES_MAX } from "@ipse/protocol";
import {
  type DsseEnvelope,
  encodePae,
  encodeStatement,
  IN_TOTO_PAYLOAD_TYPE,
  type StatementContent,
  sealEnvelope,
} from "@ipse/protocol/attestation";
import type { AgentService } from "../api/service.ts";

/**
 * An in-toto Statement v1 in a DSSE envelope, signed with the threshold key. The oracles judge the statement again
 * before they sign. Throws ERR_MESSAGE_SIZE, ERR_POLICY_ATTESTATION or what the signing throws.
 */
export async function attest(
  agent: Pick<AgentService, "identity" | "sign">,
  content: StatementContent,
): Promise<DsseEnvelope> {
  const { kid } = agent.identity();
  const statement = encodeStatement(content);
  const pae = encodePae(IN_TOTO_PAYLOAD_TYPE, statement);
  check(
    pae.length <= MESSAGE_BYTES_MAX,
    "ERR_MESSAGE_SIZE",
    `the statement is too long: at most ${MESSAGE_BYTES_MAX} bytes are signed. Put the rest into a file and name its digest`,
  );
  const { signature } = await agent.sign("attestation", pae);
  return sealEnvelope(statement, kid, signature);
}
