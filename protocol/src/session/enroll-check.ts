import { equalBytes } from "../bytes.ts";
import { deriveKeyId, type PoolKeyRoster, verifyPoolKey } from "../dkg/index.ts";
import type { Hash } from "../encoding/index.ts";
import { check } from "../errors.ts";
import { verifyProof } from "../frost/index.ts";
import type { Group, Point } from "../group/group.ts";
import { type Roster, rosterHash, voteKeyOf } from "../registry/roster.ts";
import { verifyTicket } from "../registry/ticket-check.ts";
import { type EnrollBody, type Enrollment, enrollHeader, proofInput, reservationInput } from "./enroll.ts";
import { chainInput, evidenceInput, headerHash } from "./header.ts";

/** The parts of an ENROLL that hold for ever, computed once. */
export interface InstanceConstants {
  readonly instance: Hash;
  readonly spiffeId: string;
  readonly evidenceKey: Uint8Array;
  /** PK = PK_W + PK_O. */
  readonly identityKey: Point;
  readonly threshold: number;
  readonly oracleCount: number;
}

/** PK = PK_W + PK_O. Throws ERR_ENROLL_KEY when it is the identity. */
export function identityKeyOf(group: Group, body: EnrollBody): Point {
  const oracleKey = group.decodePoint(body.poolKey.commitments[0] ?? new Uint8Array());
  const identityKey = group.add(group.decodePoint(body.workloadKey), oracleKey);
  check(
    !group.equal(identityKey, group.identity),
    "ERR_ENROLL_KEY",
    "the identity key would be the identity point",
  );
  return identityKey;
}

/** The roster as a pool key's certificate sees it. */
export function poolKeyRoster(roster: Roster): PoolKeyRoster {
  const voteKeys = roster.oracles.map((entry) => entry.voteKey);
  return { rosterHash: rosterHash(roster), threshold: roster.quorum, voteKeys };
}

/** The constants of a verified enrollment. */
export function constantsOf(group: Group, enrollment: Enrollment): InstanceConstants {
  const { body } = enrollment;
  return {
    instance: enrollment.signed.header.instance,
    spiffeId: body.ticket.ticket.spiffeId,
    evidenceKey: body.evidenceKey,
    identityKey: identityKeyOf(group, body),
    threshold: body.poolKey.commitments.length,
    oracleCount: body.poolKey.certificate.length,
  };
}

function checkReservation(group: Group, roster: Roster, body: EnrollBody): void {
  const { reservation, signature } = body.reservation;
  const { ticket } = body.ticket;
  const matches =
    equalBytes(reservation.rosterHash, ticket.rosterHash) &&
    equalBytes(reservation.poolKeyId, deriveKeyId(body.poolKey)) &&
    equalBytes(reservation.ticketId, ticket.id) &&
    reservation.use === body.use &&
    equalBytes(reservation.evidenceKey, body.evidenceKey);
  check(matches, "ERR_ENROLL_RESERVATION", "the reservation is for another enrollment");
  const owner = (body.poolKey.index % roster.oracles.length) + 1;
  check(
    reservation.owner === owner,
    "ERR_ENROLL_RESERVATION",
    "the reservation is not by the pool key's owner",
  );
  const key = voteKeyOf(roster, owner);
  const good = key !== undefined && group.ed25519.verify(key, reservationInput(reservation), signature);
  check(good, "ERR_ENROLL_RESERVATION", "the reservation's signature does not verify");
}

/**
 * Everything about an ENROLL that is a pure function of its bytes and the roster:
 * ticket chain, pool key certificate, reservation, proof of possession, header and
 * signatures. Time, revocation and what is used up are the voting oracle's to judge.
 * Throws ERR_ENROLL_*, ERR_TICKET_*, ERR_POOL_*; returns the instance.
 */
export function verifyEnrollment(group: Group, roster: Roster, enrollment: Enrollment): Hash {
  const { signed, body } = enrollment;
  const { ticket } = body.ticket;
  check(
    equalBytes(ticket.rosterHash, rosterHash(roster)),
    "ERR_ENROLL_ROSTER",
    "the ticket is under another roster",
  );
  const expected = enrollHeader(body);
  check(
    equalBytes(headerHash(signed.header), headerHash(expected)),
    "ERR_ENROLL_HEADER",
    "the seq-0 header is not the one this body makes",
  );
  check(
    body.use >= 1 && body.use <= ticket.uses,
    "ERR_TICKET_USE",
    "the use number is not one the ticket allows",
  );
  const chained = group.ed25519.verify(ticket.ticketKey, chainInput(signed.header), signed.chainSignature);
  check(chained, "ERR_ENROLL_SIGNATURE", "the header is not under the ticket key");
  const owned = group.ed25519.verify(
    body.evidenceKey,
    evidenceInput(signed.header),
    signed.evidenceSignature,
  );
  check(owned, "ERR_ENROLL_SIGNATURE", "the header is not under the evidence key");
  verifyTicket(group, roster, body.ticket);
  verifyPoolKey(group, poolKeyRoster(roster), body.poolKey);
  checkReservation(group, roster, body);
  const workloadKey = group.decodePoint(body.workloadKey);
  const { proof: _proof, ...claims } = body;
  check(
    verifyProof(group, workloadKey, proofInput(claims), body.proof),
    "ERR_ENROLL_PROOF",
    "the proof of possession fails",
  );
  identityKeyOf(group, body);
  return expected.instance;
}
