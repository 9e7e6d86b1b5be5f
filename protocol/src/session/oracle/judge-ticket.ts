import { IpseError } from "../../errors.ts";
import { isTicketRevoked, workloadOf } from "../../registry/registry.ts";
import type { Roster } from "../../registry/roster.ts";
import type { SignedTicket } from "../../registry/ticket.ts";
import { judgeTicketTime, ticketOperator } from "../../registry/ticket-check.ts";
import type { OracleContext } from "./context.ts";
import { ticketUseKey, ticketUses } from "./records.ts";

/**
 * Whether a verified ticket's use may be enrolled now: time, revocation, the workload, and whether the use is
 * spent. Throws ERR_TICKET_*, ERR_WORKLOAD_UNKNOWN.
 */
export function judgeTicket(context: OracleContext, roster: Roster, signed: SignedTicket, use: number): void {
  const { ticket, delegation } = signed;
  judgeTicketTime(ticket, delegation?.delegation, ticketOperator(roster, signed), context.nowMs);
  if (isTicketRevoked(context.view, ticket.id))
    throw new IpseError("ERR_TICKET_REVOKED", "the ticket was revoked");
  if (workloadOf(context.view, ticket.spiffeId) === undefined)
    throw new IpseError("ERR_WORKLOAD_UNKNOWN", "the ticket's workload is not registered");
  if (context.view.get(ticketUses, ticketUseKey(ticket.id, use)) !== undefined)
    throw new IpseError("ERR_TICKET_USED", `use ${use} of the ticket is spent`);
}
