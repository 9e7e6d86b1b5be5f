import type { Arbitrary } from "fast-check";
import { type Codec, decode, encode } from "../../src/encoding/index.ts";
import { join } from "../../src/registry/join.ts";
import { roster, signedRoster } from "../../src/registry/roster.ts";
import { signedStatement, statement, statementPayload } from "../../src/registry/statement.ts";
import { signedTicket, ticket } from "../../src/registry/ticket.ts";
import { body } from "../../src/session/body.ts";
import { aheadHeader, certifiedHeader, provenHeader } from "../../src/session/certified.ts";
import { enrollBody, signedReservation } from "../../src/session/enroll.ts";
import { equivocation, forkEvidence } from "../../src/session/evidence.ts";
import { signedHeader } from "../../src/session/header.ts";
import { nonceSlot, shareResult, signedCommit } from "../../src/session/signing.ts";
import { signedStaleNotice } from "../../src/session/stale.ts";
import { statusAnswer } from "../../src/session/status.ts";
import { certificate, signedVote } from "../../src/session/vote.ts";
import { peerMessage } from "../../src/wire/peer.ts";
import { agentMessage, oracleMessage } from "../../src/wire/session.ts";
import * as wire from "../wire/arbitraries.ts";
import * as any from "./arbitraries.ts";

export interface CodecCase {
  readonly name: string;
  readonly value: Arbitrary<unknown>;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

function of<T>(name: string, codec: Codec<T>, value: Arbitrary<T>): CodecCase {
  return {
    name,
    value,
    encode: (one) => encode(codec, one as T),
    decode: (bytes) => decode(codec, bytes),
  };
}

/** Every message and every signed thing of the protocol. */
export const codecs: readonly CodecCase[] = [
  of("roster", roster, any.roster),
  of("signed roster", signedRoster, any.signedRoster),
  of("statement payload", statementPayload, any.statementPayload),
  of(
    "statement",
    statement,
    any.signedStatement.map((signed) => signed.statement),
  ),
  of("signed statement", signedStatement, any.signedStatement),
  of(
    "ticket",
    ticket,
    any.signedTicket.map((signed) => signed.ticket),
  ),
  of("signed ticket", signedTicket, any.signedTicket),
  of("join", join, any.join),
  of("signed header", signedHeader, any.signedHeader),
  of("signed vote", signedVote, any.signedVote),
  of("certificate", certificate, any.certificate),
  of("certified header", certifiedHeader, any.certifiedHeader),
  of("proven header", provenHeader, any.provenHeader),
  of("ahead header", aheadHeader, any.aheadHeader),
  of("body", body, any.body),
  of("signed reservation", signedReservation, any.signedReservation),
  of("enroll body", enrollBody, any.enrollBody),
  of("fork evidence", forkEvidence, any.forkEvidence),
  of("equivocation", equivocation, any.equivocation),
  of("stale notice", signedStaleNotice, any.signedStaleNotice),
  of("status answer", statusAnswer, any.statusAnswer),
  of("nonce slot", nonceSlot, any.nonceSlot),
  of("signed commit", signedCommit, any.signedCommit),
  of("share result", shareResult, any.shareResult),
  of("agent message", agentMessage, wire.agentMessage),
  of("oracle message", oracleMessage, wire.oracleMessage),
  of("peer message", peerMessage, wire.peerMessage),
];
