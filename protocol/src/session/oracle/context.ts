import type { Hash } from "../../encoding/index.ts";
import type { Commitment, UncheckedCommitment } from "../../frost/index.ts";
import type { Group } from "../../group/group.ts";
import type { Mutation, View } from "../../host/table.ts";
import type { Roster } from "../../registry/roster.ts";
import type { GossipItem } from "../../wire/peer.ts";
import type { OracleMessage } from "../../wire/session.ts";
import type { Message } from "../body.ts";
import type { SignedCommit } from "../signing.ts";
import type { VoteKey } from "./vote-key.ts";

/** Everything a step of the oracle machine depends on besides its input. */
export interface OracleContext {
  readonly group: Group;
  readonly oracle: number;
  readonly voteKey: VoteKey;
  readonly view: View;
  readonly nowMs: number;
  roster(hash: Hash): Roster | undefined;
}

/** What `take` of the nonce vault needs to find the one slot. */
export interface SlotSubject {
  readonly instance: Hash;
  readonly seq: number;
  readonly headerHash: Hash;
}

/**
 * The commitment list of one message at one of its oracles: the others' commitments are checked; its own is
 * taken from its nonce slot instead of being decoded, once what stands here equals it byte for byte.
 */
export interface ListedCommitments {
  readonly before: readonly Commitment[];
  readonly own: UncheckedCommitment;
  readonly after: readonly Commitment[];
}

export type OracleEffect =
  | { readonly kind: "reply"; readonly message: OracleMessage }
  /** Answers STEP: the host adds the live nonce slot (for `messages`) and a fresh salt. */
  | {
      readonly kind: "ordered";
      readonly answer: Pick<Extract<OracleMessage, { kind: "ordered" }>, "vote" | "qc">;
      readonly subject: SlotSubject;
      readonly messages: readonly Message[];
    }
  /** Answers CERT: the host adds a fresh salt. */
  | { readonly kind: "acknowledge"; readonly instance: Hash; readonly seq: number }
  /** Answers COMMIT: the host takes the slot and computes the signature shares. */
  | {
      readonly kind: "sign";
      readonly subject: SlotSubject;
      readonly commit: SignedCommit["commit"];
      readonly lists: readonly ListedCommitments[];
      readonly share: Uint8Array;
      readonly identityKey: Uint8Array;
      readonly spiffeId: string;
    }
  /** To every peer at once. */
  | { readonly kind: "gossip"; readonly item: GossipItem }
  /** To the peer whose message is being handled. */
  | { readonly kind: "answer-peer"; readonly item: GossipItem }
  | { readonly kind: "fetch"; readonly instance: Hash; readonly seq: number }
  /** Only the peer whose message is being handled is asked for what it holds at a seq. */
  | { readonly kind: "ask-peer"; readonly instance: Hash; readonly seq: number }
  /** The peer whose message is being handled holds a header that neither of us knows a certificate for. */
  | { readonly kind: "peer-waits"; readonly headerHash: Hash }
  /** The head moved: gossip it at the next interval. */
  | { readonly kind: "moved"; readonly instance: Hash }
  /** The instance's slots are void (suspended, revoked, superseded). */
  | { readonly kind: "drop-slots"; readonly instance: Hash }
  /** Secrets that this step erased: wiped once that is durable. */
  | { readonly kind: "wipe"; readonly secrets: readonly Uint8Array[] }
  | { readonly kind: "alert"; readonly code: string; readonly instance: Hash };

export interface Outcome {
  readonly mutations: readonly Mutation[];
  readonly effects: readonly OracleEffect[];
  /** A peer's item did not prove itself: correct peers send none such. */
  readonly unproven?: boolean;
}

export const UNPROVEN: Outcome = { mutations: [], effects: [], unproven: true };

export const NOTHING: Outcome = { mutations: [], effects: [] };

/** A refusal that touches no state. */
export function refusal(code: string, message: string, retryAfterMs = 0): OracleEffect {
  return {
    kind: "reply",
    message: { kind: "refused", code, message: message.slice(0, 250), retryAfterMs, proof: undefined },
  };
}

export function refuse(code: string, message: string, retryAfterMs = 0): Outcome {
  return { mutations: [], effects: [refusal(code, message, retryAfterMs)] };
}
