import { equalBytes } from "../bytes.ts";
import { check, IpseError } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { isSpiffeId, trustDomainOf } from "../ids.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import { type OperatorEntry, type Roster, rosterHash } from "./roster.ts";
import { type Delegation, delegationInput, type SignedTicket, type Ticket, ticketInput } from "./ticket.ts";

const PREFIX = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)*)$/;

/**
 * Whether a SPIFFE ID lies below a prefix: `spiffe://domain[/segment]...`, never with a trailing slash,
 * matched on whole path segments (SPIFFE-ID specification section 2.2).
 */
export function spiffePrefixCovers(prefix: string, id: string): boolean {
  if (!PREFIX.test(prefix) || prefix.split("/").some((part) => part === "." || part === "..")) return false;
  return isSpiffeId(id) && (id === prefix || id.startsWith(`${prefix}/`));
}

/** The minting operator a ticket goes back to. Throws ERR_TICKET_SIGNER when the roster has none such. */
export function ticketOperator(roster: Roster, signed: SignedTicket): OperatorEntry {
  const root = signed.delegation === undefined ? signed.signer : signed.delegation.operator;
  const operator = roster.operators.find(
    (entry) => entry.roles.includes("mint") && equalBytes(entry.publicKey, root),
  );
  if (operator === undefined)
    throw new IpseError("ERR_TICKET_SIGNER", "the ticket goes back to no minting operator of the roster");
  return operator;
}

function checkDelegation(group: Group, roster: Roster, signed: SignedTicket, hash: Uint8Array): void {
  if (signed.delegation === undefined) return;
  const { delegation, operator, signature } = signed.delegation;
  check(
    equalBytes(delegation.rosterHash, hash),
    "ERR_TICKET_ROSTER",
    "the delegation is under another roster",
  );
  const delegated = equalBytes(delegation.deployerKey, signed.signer);
  check(delegated, "ERR_TICKET_DELEGATION", "the delegation is to another deployer than the ticket's signer");
  const ours = PREFIX.exec(delegation.spiffePrefix)?.[1] === roster.trustDomain;
  check(ours, "ERR_TICKET_DELEGATION", "the delegation's prefix is not in the roster's trust domain");
  const covered = spiffePrefixCovers(delegation.spiffePrefix, signed.ticket.spiffeId);
  check(covered, "ERR_TICKET_DELEGATION", "the delegation does not cover the ticket's SPIFFE ID");
  const good = group.ed25519.verify(operator, delegationInput(delegation), signature);
  check(good, "ERR_TICKET_SIGNATURE", "the delegation's signature does not verify");
}

/**
 * The chain minting operator -> [deployer's delegation] -> ticket under one roster: everything that is a pure
 * function of the bytes (SPEC section 3). Time is judgeTicketTime's; revocation and uses are the voting oracle's.
 * Throws ERR_TICKET_ROSTER, _SPIFFE_ID, _VALIDITY, _SIGNER, _DELEGATION or _SIGNATURE.
 */
export function verifyTicket(group: Group, roster: Roster, signed: SignedTicket): void {
  const { ticket } = signed;
  const hash = rosterHash(roster);
  check(equalBytes(ticket.rosterHash, hash), "ERR_TICKET_ROSTER", "the ticket is under another roster");
  const ours = isSpiffeId(ticket.spiffeId) && trustDomainOf(ticket.spiffeId) === roster.trustDomain;
  check(ours, "ERR_TICKET_SPIFFE_ID", "the ticket's SPIFFE ID is not in the roster's trust domain");
  check(
    ticket.issuedAtMs < ticket.expiresAtMs,
    "ERR_TICKET_VALIDITY",
    "the ticket expires before it is issued",
  );
  ticketOperator(roster, signed);
  checkDelegation(group, roster, signed, hash);
  const good = group.ed25519.verify(signed.signer, ticketInput(ticket), signed.signature);
  check(good, "ERR_TICKET_SIGNATURE", "the ticket's signature does not verify");
}

/**
 * Whether a verified ticket may be used now. The operator (ticketOperator) must be valid now, not only when the
 * ticket says it was issued: whoever finds a retired operator's key can back-date.
 * Throws ERR_TICKET_NOT_YET or ERR_TICKET_EXPIRED.
 */
export function judgeTicketTime(
  ticket: Ticket,
  delegation: Delegation | undefined,
  operator: Pick<OperatorEntry, "notBeforeMs" | "notAfterMs">,
  nowMs: number,
): void {
  const started = Math.max(ticket.issuedAtMs, operator.notBeforeMs) <= nowMs + TOLERANCES.issuedAtMs;
  check(started, "ERR_TICKET_NOT_YET", "the ticket or its operator is not valid yet");
  check(nowMs < ticket.expiresAtMs, "ERR_TICKET_EXPIRED", "the ticket has expired");
  const delegated = delegation === undefined || nowMs < delegation.notAfterMs;
  check(delegated, "ERR_TICKET_EXPIRED", "the deployer's delegation has expired");
  check(nowMs < operator.notAfterMs, "ERR_TICKET_EXPIRED", "the operator's validity has ended");
}
