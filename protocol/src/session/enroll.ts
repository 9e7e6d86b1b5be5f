import { poolKey } from "../dkg/index.ts";
import {
  constant,
  type Hash,
  hashOf,
  type Infer,
  remembered,
  signingInput,
  struct,
  u16,
} from "../encoding/index.ts";
import { hash32, id16, key32, oracleId, signature64 } from "../ids.ts";
import { signedTicket, ticketHash } from "../registry/ticket.ts";
import type { Header, SignedHeader } from "./header.ts";

/** A pool key's owner promises it to one enrollment, once and for ever (SPEC section 3). */
export const reservation = struct({
  version: constant(1),
  rosterHash: hash32,
  owner: oracleId,
  poolKeyId: hash32,
  ticketId: id16,
  use: u16,
  evidenceKey: key32,
});
export type Reservation = Infer<typeof reservation>;
export const signedReservation = struct({ reservation, signature: signature64 });
export type SignedReservation = Infer<typeof signedReservation>;

export function reservationInput(value: Reservation): Uint8Array {
  return signingInput("ipse/v1/reservation", reservation, value);
}

/** What the workload's proof of possession of s_W is bound to: the body without the proof. */
const enrollClaim = {
  version: constant(1),
  ticket: signedTicket,
  use: u16,
  workloadKey: key32,
  poolKey,
  reservation: signedReservation,
  evidenceKey: key32,
  nextChainKey: key32,
};
export const enrollClaims = struct(enrollClaim);
export type EnrollClaims = Infer<typeof enrollClaims>;

/** The body of seq 0. `proof` is a Schnorr proof (R, z) of PK_W's discrete log. */
export const enrollBody = struct({ ...enrollClaim, proof: signature64 });
export type EnrollBody = Infer<typeof enrollBody>;

/** instance = H(DST || canonical ENROLL body). */
export const instanceOf: (body: EnrollBody) => Hash = remembered((body) =>
  hashOf("ipse/v1/instance", enrollBody, body),
);

/** The challenge input of the proof of possession. */
export function proofInput(claims: EnrollClaims): Uint8Array {
  return hashOf("ipse/v1/workload-proof", enrollClaims, claims);
}

/** The seq-0 header is a function of the ENROLL body. */
export function enrollHeader(body: EnrollBody): Header {
  const instance = instanceOf(body);
  return {
    version: 1,
    rosterHash: body.ticket.ticket.rosterHash,
    instance,
    seq: 0,
    parent: ticketHash(body.ticket.ticket),
    kind: "enroll",
    bodyHash: instance,
    ratchet: false,
    shareVersion: 0,
    groupEpoch: 0,
    identityKeyVersion: 0,
    nextChainKey: body.nextChainKey,
  };
}

/** A seq-0 header with the body it is a function of: the root of everything known about an instance. */
export interface Enrollment {
  readonly signed: SignedHeader;
  readonly body: EnrollBody;
}
