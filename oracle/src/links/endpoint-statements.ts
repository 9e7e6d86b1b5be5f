import { ORACLES_MAX } from "@ipse/protocol";
import type { OracleNode } from "@ipse/protocol/host";
import { type SignedStatement, subjectKey } from "@ipse/protocol/registry";

/** The newest signed endpoint statements that an oracle holds. Whoever reads them checks them. */
export function endpointStatements(node: OracleNode): SignedStatement[] {
  // Statements are kept by subject: the endpoints lie together, behind their tag.
  const before = subjectKey({ kind: "endpoint", oracle: 1 }).slice(0, 1);
  return node.statements(ORACLES_MAX, before).filter((one) => one.statement.payload.kind === "endpoint");
}
