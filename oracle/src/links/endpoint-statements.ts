import { ORACLES_MAX } from "@ipse/protocol";
import type { OracleNode } from "@ipse/protocol/host";
import type { SignedStatement } from "@ipse/protocol/registry";

const ORACLES = Array.from({ length: ORACLES_MAX }, (_, index) => index + 1);

/** The newest signed endpoint statements that an oracle holds. Whoever reads them checks them. */
export function endpointStatements(node: Pick<OracleNode, "endpointStatement">): SignedStatement[] {
  return ORACLES.flatMap((oracle) => node.endpointStatement(oracle) ?? []);
}
