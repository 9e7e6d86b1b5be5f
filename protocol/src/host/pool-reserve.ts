import { equalBytes } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { check, IpseError } from "../errors.ts";
import { RESERVATIONS_PER_USE_MAX } from "../limits.ts";
import { voteKeyOf } from "../registry/roster.ts";
import { verifyTicket } from "../registry/ticket-check.ts";
import { type Reservation, reservationInput, type SignedReservation } from "../session/enroll.ts";
import { selfOf } from "../session/oracle/cast-vote.ts";
import { type OracleContext, type Outcome, refuse } from "../session/oracle/context.ts";
import { judgeTicket } from "../session/oracle/judge-ticket.ts";
import { poolShares, poolUses, reservations, ticketUseKey } from "../session/oracle/records.ts";
import { type ReserveRequest, reserveInput } from "../wire/session.ts";
import type { PoolKeys } from "./pool-keys.ts";
import { freeKeys, poolKeys, reservedUses } from "./pool-records.ts";
import { type Mutation, put, putOnce, remove } from "./table.ts";

/** Throws ERR_ORACLE_FENCED, ERR_ROSTER_*, ERR_TICKET_*, ERR_RESERVE_SIGNATURE, ERR_WORKLOAD_UNKNOWN. */
function checkRequest(context: OracleContext, request: ReserveRequest, signature: Uint8Array): void {
  const { group, oracle, voteKey } = context;
  const { ticket } = request.ticket;
  check(!selfOf(context).fenced, "ERR_ORACLE_FENCED", "this oracle was rolled back and reserves nothing");
  const roster = context.roster(ticket.rosterHash);
  if (roster === undefined) throw new IpseError("ERR_ROSTER_UNKNOWN", "an unknown roster");
  const member = voteKeyOf(roster, oracle);
  const mine = member !== undefined && equalBytes(member, voteKey.publicKey);
  check(mine, "ERR_ROSTER_VOTE_KEY", "this oracle has another vote key in the ticket's roster");
  check(
    request.use >= 1 && request.use <= ticket.uses,
    "ERR_TICKET_USE",
    "the use number is not one the ticket allows",
  );
  verifyTicket(group, roster, request.ticket);
  const asked = group.ed25519.verify(ticket.ticketKey, reserveInput(request), signature);
  check(asked, "ERR_RESERVE_SIGNATURE", "the request is not under the ticket key");
  judgeTicket(context, roster, request.ticket, request.use);
}

function reserved(
  context: OracleContext,
  poolKeyId: Hash,
  reservation: SignedReservation,
  mutations: readonly Mutation[],
): Outcome {
  const poolKey = context.view.get(poolKeys, poolKeyId);
  if (poolKey === undefined) throw new IpseError("ERR_INTERNAL", "a reserved pool key is not here");
  return { mutations, effects: [{ kind: "reply", message: { kind: "reserved", poolKey, reservation } }] };
}

/** The next key nobody was promised and nobody enrolled with. */
function takeKey({ view }: OracleContext, keys: PoolKeys, rosterHash: Hash): Hash | undefined {
  for (let id = keys.take(rosterHash); id !== undefined; id = keys.take(rosterHash)) {
    const fresh = view.get(reservations, id) === undefined && view.get(poolUses, id) === undefined;
    if (fresh && view.get(poolShares, id) !== undefined) return id;
  }
  return undefined;
}

/**
 * Promises one of this oracle's own pool keys to one enrollment, once and for ever: the same {ticket, use, E}
 * gets the same key again, and no key is promised twice (SPEC section 3). Throws what checkRequest throws,
 * and ERR_RESERVE_LIMIT.
 */
export function onReserve(
  context: OracleContext,
  keys: PoolKeys,
  request: ReserveRequest,
  signature: Uint8Array,
  retryAfterMs: number,
): Outcome {
  checkRequest(context, request, signature);
  const { view, oracle, voteKey } = context;
  const { use, evidenceKey } = request;
  const { id: ticketId, rosterHash } = request.ticket.ticket;
  const useKey = ticketUseKey(ticketId, use);
  const given = view.get(reservedUses, useKey)?.given ?? [];
  const before = given.find((entry) => equalBytes(entry.evidenceKey, evidenceKey));
  if (before !== undefined) {
    const held = view.get(reservations, before.poolKeyId);
    if (held === undefined) throw new IpseError("ERR_INTERNAL", "a reservation is not here");
    return reserved(context, before.poolKeyId, held, []);
  }
  check(
    given.length < RESERVATIONS_PER_USE_MAX,
    "ERR_RESERVE_LIMIT",
    `${RESERVATIONS_PER_USE_MAX} keys are reserved under this use of the ticket already`,
  );
  const poolKeyId = takeKey(context, keys, rosterHash);
  if (poolKeyId === undefined) {
    return refuse("ERR_POOL_EMPTY", "this oracle has no unreserved pool key; another may", retryAfterMs);
  }
  const reservation: Reservation = {
    version: 1,
    rosterHash,
    owner: oracle,
    poolKeyId,
    ticketId,
    use,
    evidenceKey,
  };
  const signed = { reservation, signature: voteKey.sign(reservationInput(reservation)) };
  return reserved(context, poolKeyId, signed, [
    putOnce(reservations, poolKeyId, signed),
    put(reservedUses, useKey, { given: [...given, { evidenceKey, poolKeyId }] }),
    remove(freeKeys, poolKeyId),
  ]);
}
