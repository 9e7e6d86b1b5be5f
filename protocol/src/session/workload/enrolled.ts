import { zeroize } from "../../bytes.ts";
import type { OracleMessage } from "../../wire/session.ts";
import { assembleCertificate, type Certificate, verifyCertificate } from "../vote.ts";
import { armHeartbeat, enterRunning } from "./advance.ts";
import { sendCertificate } from "./contact.ts";
import { forgetAnswers, voteCounts } from "./ordering.ts";
import { beginRound } from "./status-round.ts";
import type { Turn } from "./turn.ts";

type Ordered = Extract<OracleMessage, { kind: "ordered" }>;

/** ENROLL is certified: the ticket seed goes, the session begins at seq 0 with share version 0 everywhere. */
function enrolled(turn: Turn, qc: Certificate): void {
  const { phase, memory } = turn;
  if (phase.kind !== "enrolling" || phase.pending === undefined) return;
  const { pending: enrollment, evidenceSeed, chainSeed, share, ticketSeed } = phase;
  zeroize(ticketSeed);
  turn.become({
    kind: "live",
    enrollment,
    enrollQc: qc,
    head: { signed: enrollment.signed, qc },
    evidenceSeed,
    chainSeed,
    share,
    commitments: enrollment.body.poolKey.commitments,
    lags: turn.oracles.map(() => ({ base: 0, delta: undefined })),
    pending: undefined,
    release: 0,
    releaseSerial: 0,
  });
  forgetAnswers(turn);
  memory.lastRatchetMs = turn.monotonicMs;
  sendCertificate(turn);
  armHeartbeat(turn);
  if (memory.continuous) enterRunning(turn);
  else beginRound(turn);
}

/** The answer to ENROLL: votes until q are here, or the certificate of somebody who got there first. */
export function onEnrollOrdered(turn: Turn, oracle: number, answer: Ordered): void {
  const { phase, context } = turn;
  if (phase.kind !== "enrolling" || phase.pending === undefined) return;
  const { header } = phase.pending.signed;
  if (answer.vote !== undefined && voteCounts(turn, oracle, answer.vote, header)) {
    turn.view(oracle).vote = answer.vote;
  }
  if (answer.qc !== undefined) {
    verifyCertificate(turn.group, context.roster, answer.qc, header);
    return enrolled(turn, answer.qc);
  }
  const votes = turn.memory.oracles.flatMap(({ vote }) => (vote === undefined ? [] : [vote]));
  if (votes.length >= context.roster.quorum) enrolled(turn, assembleCertificate(votes));
}
