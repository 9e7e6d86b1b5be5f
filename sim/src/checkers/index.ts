import type { Checker } from "./checker.ts";
import { cloneStepsBounded } from "./clone-steps-bounded.ts";
import { evidenceImpliesCopy } from "./evidence-implies-copy.ts";
import { forkFoundInTime } from "./fork-found-in-time.ts";
import { keysSpentOnce } from "./keys-spent-once.ts";
import { noDeadlock } from "./no-deadlock.ts";
import { noFalseSuspension } from "./no-false-suspension.ts";
import { nonceOnce } from "./nonce-once.ts";
import { oneCertifiedHeader } from "./one-certified-header.ts";
import { oneHeader } from "./one-header.ts";
import { oneVote } from "./one-vote.ts";
import { ratchetHeld } from "./ratchet-held.ts";
import { revocationsSurvive } from "./revocations-survive.ts";
import { signingAtHead } from "./signing-at-head.ts";
import { staleCopySignsNothing } from "./stale-copy-signs-nothing.ts";
import { tokenBound } from "./token-bound.ts";
import { tokenOnce } from "./token-once.ts";

export type { Checker } from "./checker.ts";

/** Every promise that is watched, in every run, on every state. */
export const CHECKERS: readonly Checker[] = [
  oneCertifiedHeader,
  evidenceImpliesCopy,
  noFalseSuspension,
  staleCopySignsNothing,
  forkFoundInTime,
  cloneStepsBounded,
  ratchetHeld,
  noDeadlock,
  revocationsSurvive,
  oneVote,
  oneHeader,
  nonceOnce,
  signingAtHead,
  keysSpentOnce,
  tokenOnce,
  tokenBound,
];
