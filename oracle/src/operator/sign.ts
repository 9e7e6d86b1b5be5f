import type { Group } from "@ipse/protocol/group";
import {
  type Roster,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
  type SignedStatement,
  type Statement,
  type StatementPayload,
  statementInput,
} from "@ipse/protocol/registry";
import type { SigningKey } from "../keys/index.ts";

export function signRoster(group: Group, roster: Roster, keys: readonly SigningKey[]): SignedRoster {
  const input = rosterSigningInput(roster);
  const signatures = keys.map(({ seed, publicKey }) => ({
    publicKey,
    signature: group.ed25519.sign(seed, input),
  }));
  return { roster, signatures };
}

/**
 * A statement under a roster. Its serial is the time: later statements win without anybody keeping count.
 */
export function signStatement(
  group: Group,
  roster: Roster,
  keys: readonly SigningKey[],
  payload: StatementPayload,
  nowMs: number,
): SignedStatement {
  const statement: Statement = {
    version: 1,
    rosterHash: rosterHash(roster),
    serial: nowMs,
    issuedAtMs: nowMs,
    payload,
  };
  const input = statementInput(statement);
  const signatures = keys.map(({ seed, publicKey }) => ({
    publicKey,
    signature: group.ed25519.sign(seed, input),
  }));
  return { statement, signatures };
}
