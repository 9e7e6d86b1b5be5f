import { equalBytes, toHex } from "../bytes.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { trustDomainOf } from "../ids.ts";
import { TTL_SECONDS_MAX } from "../limits.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import { isScopeToken } from "./grants.ts";
import { type OperatorEntry, type Roster, rosterHash } from "./roster.ts";
import { type SignedStatement, type StatementPayload, statementInput, type Workload } from "./statement.ts";

/** Whether a payload can create or restore an identity: those need m minting operators, the others one of any role. */
export function isMinting(payload: StatementPayload): boolean {
  switch (payload.kind) {
    case "workload":
    case "resource":
    case "endpoint":
    case "issuerRotation":
    case "receiver":
      return true;
    case "instance":
      return payload.action === "release";
    case "ticketRevocation":
      return false;
  }
}

function checkWorkload(roster: Roster, workload: Workload): void {
  const rule = (holds: boolean, sentence: string): void => check(holds, "ERR_STATEMENT_PAYLOAD", sentence);
  const ours = trustDomainOf(workload.spiffeId) === roster.trustDomain;
  rule(ours, "the workload's SPIFFE ID is not in the roster's trust domain");
  rule(workload.scopes.every(isScopeToken), "a scope is not a scope token (RFC 6749 section 3.3)");
  rule(new Set(workload.scopes).size === workload.scopes.length, "a scope stands twice");
  rule(new Set(workload.resources).size === workload.resources.length, "a resource stands twice");
  const { ttlSeconds } = workload;
  rule(ttlSeconds >= 1 && ttlSeconds <= TTL_SECONDS_MAX, `the token lifetime is not 1..${TTL_SECONDS_MAX} s`);
}

function checkPayload(roster: Roster, payload: StatementPayload): void {
  if (payload.kind === "workload") checkWorkload(roster, payload);
  if (payload.kind === "endpoint") {
    const known = roster.oracles.some((entry) => entry.id === payload.oracle);
    check(known, "ERR_STATEMENT_PAYLOAD", "an endpoint of an oracle that the roster does not have");
  }
  if (payload.kind === "instance" && payload.action === "release")
    check(payload.release >= 1, "ERR_STATEMENT_PAYLOAD", "a release without a release number");
}

function validAt(operator: OperatorEntry, ms: number): boolean {
  return operator.notBeforeMs <= ms && ms < operator.notAfterMs;
}

/**
 * Checks a statement under the roster it names: every signature is by a distinct operator valid when it was
 * issued; m of them mint where the payload mints. Statements keep their force after an operator retires, so
 * `nowMs` is for fresh ones alone (a submission, not gossip or a restart): then the operators must be valid
 * now as well, else a retired key could back-date, and the statement must not come from the future.
 * Throws ERR_STATEMENT_ROSTER, _PAYLOAD, _SIGNER, _SIGNATURE, _OPERATOR_VALIDITY, _THRESHOLD or _NOT_YET.
 */
export function verifyStatement(group: Group, roster: Roster, signed: SignedStatement, nowMs?: number): void {
  const { statement, signatures } = signed;
  const pinned = equalBytes(statement.rosterHash, rosterHash(roster));
  check(pinned, "ERR_STATEMENT_ROSTER", "the statement is under another roster");
  checkPayload(roster, statement.payload);
  const early = nowMs !== undefined && statement.issuedAtMs > nowMs + TOLERANCES.issuedAtMs;
  check(!early, "ERR_STATEMENT_NOT_YET", "the statement is from the future");
  const input = statementInput(statement);
  const signers = new Set<string>();
  let minters = 0;
  for (const { publicKey, signature } of signatures) {
    const operator = roster.operators.find((entry) => equalBytes(entry.publicKey, publicKey));
    check(operator !== undefined, "ERR_STATEMENT_SIGNER", "a signature by somebody who is no operator");
    check(!signers.has(toHex(publicKey)), "ERR_STATEMENT_SIGNER", "an operator signed twice");
    signers.add(toHex(publicKey));
    const valid =
      validAt(operator, statement.issuedAtMs) && (nowMs === undefined || validAt(operator, nowMs));
    check(valid, "ERR_STATEMENT_OPERATOR_VALIDITY", "an operator signed outside of its validity");
    const good = group.ed25519.verify(publicKey, input, signature);
    check(good, "ERR_STATEMENT_SIGNATURE", "an operator's signature does not verify");
    if (operator.roles.includes("mint")) minters++;
    else check(operator.roles.length > 0, "ERR_STATEMENT_SIGNER", "an operator without a role");
  }
  if (isMinting(statement.payload)) {
    const enough = minters >= roster.mintThreshold;
    check(enough, "ERR_STATEMENT_THRESHOLD", `fewer than m=${roster.mintThreshold} minting operators signed`);
  }
  check(signers.size >= 1, "ERR_STATEMENT_THRESHOLD", "nobody signed");
}
