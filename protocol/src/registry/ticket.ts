import {
  constant,
  type Hash,
  hashOf,
  type Infer,
  optional,
  refine,
  signingInput,
  struct,
  text,
  u16,
  u64,
} from "../encoding/index.ts";
import { hash32, id16, key32, signature64, spiffeId } from "../ids.ts";
import { TEXT_BYTES_MAX, TICKET_USES_MAX } from "../limits.ts";

/** A deployer: a key that operators allow to sign tickets for SPIFFE IDs under a prefix. */
export const delegation = struct({
  version: constant(1),
  rosterHash: hash32,
  name: text(TEXT_BYTES_MAX),
  deployerKey: key32,
  spiffePrefix: text(TEXT_BYTES_MAX),
  notAfterMs: u64,
});
export type Delegation = Infer<typeof delegation>;

export const signedDelegation = struct({ delegation, operator: key32, signature: signature64 });
export type SignedDelegation = Infer<typeof signedDelegation>;

/**
 * Allows `uses` enrollments of one workload. `ticketKey` is the public half of
 * the seed in the join URI and the chain key of seq 0.
 */
export const ticket = struct({
  version: constant(1),
  rosterHash: hash32,
  id: id16,
  spiffeId,
  ticketKey: key32,
  uses: refine(u16, (uses) => uses >= 1 && uses <= TICKET_USES_MAX, "ticket uses out of range"),
  issuedAtMs: u64,
  expiresAtMs: u64,
});
export type Ticket = Infer<typeof ticket>;

/** A ticket signed by a minting operator, or by a deployer with the delegation that allows it. */
export const signedTicket = struct({
  ticket,
  delegation: optional(signedDelegation),
  signer: key32,
  signature: signature64,
});
export type SignedTicket = Infer<typeof signedTicket>;

/** The parent of the seq-0 header. */
export function ticketHash(value: Ticket): Hash {
  return hashOf("ipse/v1/ticket", ticket, value);
}

export function ticketInput(value: Ticket): Uint8Array {
  return signingInput("ipse/v1/ticket-signature", ticket, value);
}

export function delegationInput(value: Delegation): Uint8Array {
  return signingInput("ipse/v1/delegation-signature", delegation, value);
}
