import { zeroize } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import {
  type Commitment,
  commitmentList,
  type SigningPackage,
  signingPackage,
  signShare,
  validateCommitment,
} from "../../frost/index.ts";
import type { Scalar } from "../../group/group.ts";
import { headerHash } from "../header.ts";
import { type Commit, commitInput, type NonceSlot } from "../signing.ts";
import { pursue } from "./contact.ts";
import type { PendingStep } from "./durable.ts";
import { drawNonces, nonceContext } from "./nonces.ts";
import type { Signing, SigningAttempt } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Added to a signer's time for each message: the slow group backend takes this long. */
const SIGN_MS_PER_MESSAGE = 40;
const PATIENCE_MS_MIN = 150;
const PATIENCE_FACTOR = 8;

/** Round 2 of a certified step that carries messages somebody waits for. */
export function newSigning(messageCount: number): Signing {
  return {
    outcomes: Array.from({ length: messageCount }, () => undefined),
    denials: [],
    excluded: new Set(),
    resting: new Set(),
    attempt: undefined,
    rounds: 0,
    strandedMs: undefined,
    awaitingMs: undefined,
  };
}

/** Forgets an attempt; its z_W is useless and wiped. */
export function dropAttempt(signing: Signing): void {
  if (signing.attempt !== undefined) zeroize(...signing.attempt.ownShares);
  signing.attempt = undefined;
}

/** s_W of the version that this step's header names. */
function shareOf(turn: Turn, pending: PendingStep): Uint8Array {
  return pending.ratchet?.share ?? turn.alive().share;
}

/** The first message without an outcome. */
export function firstOpen(signing: Signing): number | undefined {
  const index = signing.outcomes.indexOf(undefined);
  return index < 0 ? undefined : index;
}

function deniers(signing: Signing, message: number): Set<number> {
  return new Set(signing.denials.filter((one) => one.message === message).map(({ oracle }) => oracle));
}

/** The code most oracles gave for a message that fewer than t can still sign. */
function verdict(signing: Signing, message: number): string {
  const counts = new Map<string, number>();
  for (const denial of signing.denials) {
    if (denial.message === message) counts.set(denial.code, (counts.get(denial.code) ?? 0) + 1);
  }
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (first === undefined) return "ERR_SIGNING_FAILED";
  const [code] = first;
  return /^ERR_[A-Z0-9_]+$/.test(code) ? code : "ERR_MESSAGE_DENIED";
}

/** Settles every message that more than n - t oracles denied or were proven unable to sign. */
function settleDenied(turn: Turn, signing: Signing): void {
  const { oracleCount, threshold } = turn.constants;
  signing.outcomes.forEach((outcome, message) => {
    if (outcome !== undefined) return;
    const out = new Set([...signing.excluded, ...deniers(signing, message)]);
    if (out.size > oracleCount - threshold) {
      signing.outcomes[message] = { ok: false, code: verdict(signing, message) };
    }
  });
}

interface Chosen {
  readonly oracle: number;
  readonly slot: NonceSlot;
  readonly commitments: readonly Commitment[];
}

function validated(turn: Turn, oracle: number, slot: NonceSlot): Chosen | undefined {
  try {
    const commitments = slot.commitments.map(({ hiding, binding }) =>
      validateCommitment(turn.group, { identifier: oracle, hiding, binding }),
    );
    return { oracle, slot, commitments };
  } catch (error) {
    if (error instanceof IpseError) return undefined;
    throw error;
  }
}

/** The oracles that could sign this message if they had a slot. */
function able(turn: Turn, signing: Signing, message: number): number[] {
  const denied = deniers(signing, message);
  return turn.oracles.filter((oracle) => {
    const { up, vote } = turn.view(oracle);
    return up && vote?.vote.shareOk !== false && !signing.excluded.has(oracle) && !denied.has(oracle);
  });
}

/**
 * The t best oracles with a slot for this message: rested before resting, of these whoever was silent longest ago, then the
 * fastest. In id order.
 */
function choose(turn: Turn, signing: Signing, message: number): Chosen[] | undefined {
  const rests = [...signing.resting];
  const candidates = able(turn, signing, message)
    .filter((oracle) => turn.view(oracle).slot !== undefined)
    .sort((a, b) => {
      const rest = rests.indexOf(a) - rests.indexOf(b);
      return rest || turn.view(a).latencyMs - turn.view(b).latencyMs || a - b;
    });
  const chosen: Chosen[] = [];
  for (const oracle of candidates) {
    const { slot } = turn.view(oracle);
    if (chosen.length === turn.constants.threshold || slot === undefined) break;
    const one = validated(turn, oracle, slot);
    if (one === undefined) {
      signing.excluded.add(oracle);
      turn.event({ level: "warn", event: "signing.bad-slot", oracle });
    } else chosen.push(one);
  }
  if (chosen.length < turn.constants.threshold) return undefined;
  return chosen.sort((a, b) => a.oracle - b.oracle);
}

/**
 * Draws W's nonces, computes every z_W and erases the nonces, all before COMMIT
 * exists; z_W stays in memory and W alone completes the signatures (SPEC section 5).
 */
function prepare(turn: Turn, pending: PendingStep, chosen: readonly Chosen[]): SigningAttempt {
  const { group, constants } = turn;
  const share = shareOf(turn, pending);
  const context = nonceContext(
    headerHash(pending.signed.header),
    chosen.map(({ oracle, slot }) => ({ oracle, slot })),
  );
  const packages: SigningPackage[] = [];
  const ownShares: Uint8Array[] = [];
  pending.body.messages.forEach(({ payload }, message) => {
    const nonces = drawNonces(turn, share, context, message);
    const oracles = chosen.flatMap(({ commitments }) => commitments.slice(message, message + 1));
    const request = {
      rule: "mandatory",
      threshold: constants.threshold,
      groupPublicKey: constants.identityKey,
      commitments: commitmentList([...oracles, nonces.commitment]),
      message: payload,
    } as const;
    const signing = signingPackage(group, request, nonces);
    packages.push(signing);
    ownShares.push(signShare(group, signing, share as Scalar, nonces));
  });
  const signers = chosen.map(({ oracle }) => oracle);
  return { signers, slots: chosen.map(({ slot }) => slot), packages, ownShares, replies: new Map() };
}

function sendCommit(turn: Turn, pending: PendingStep, attempt: SigningAttempt): void {
  const { header } = pending.signed;
  const { chainSeed } = turn.alive();
  const { qc } = pending;
  if (qc === undefined) throw new IpseError("ERR_INTERNAL", "COMMIT without a certificate");
  const commit: Commit = {
    version: 1,
    instance: header.instance,
    seq: header.seq,
    headerHash: headerHash(header),
    shareVersion: header.shareVersion,
    qc,
    slots: attempt.slots.map(({ bootId, slotId }, i) => ({
      oracle: attempt.signers[i] ?? 0,
      bootId,
      slotId,
    })),
    commitmentLists: attempt.packages.map(({ commitments }) =>
      commitments.map(({ identifier, hiding, binding }) => ({ identifier, hiding, binding })),
    ),
  };
  const signature = turn.group.ed25519.sign(chainSeed, commitInput(commit));
  for (const oracle of attempt.signers) {
    const view = turn.view(oracle);
    view.spent = view.slot?.slotId;
    view.slot = undefined;
    turn.send(oracle, { kind: "commit", commit, signature });
  }
  turn.timer("signing", patienceMs(turn, attempt.signers, attempt.packages.length));
}

/** How long oracles have: several times what the slowest of them usually takes, and some for every message. */
function patienceMs(turn: Turn, oracles: readonly number[], messages: number): number {
  const usualMs = Math.max(...oracles.map((oracle) => turn.view(oracle).latencyMs));
  const workMs = messages * SIGN_MS_PER_MESSAGE;
  return Math.min(turn.context.settings.signTimeoutMs, PATIENCE_MS_MIN + PATIENCE_FACTOR * usualMs) + workMs;
}

/**
 * Whether to wait for others than those who were silent before: every attempt spends its signers' slots, and who asks
 * for new ones must not take whoever answers first, or the silent would spoil each attempt again.
 */
function awaitsRested(turn: Turn, signing: Signing, message: number, chosen: readonly Chosen[]): boolean {
  if (!chosen.some(({ oracle }) => signing.resting.has(oracle))) return false;
  const rested = able(turn, signing, message).filter((oracle) => {
    const { slot, shareless } = turn.view(oracle);
    return slot === undefined && !shareless && !signing.resting.has(oracle);
  });
  if (rested.length === 0) return false;
  signing.awaitingMs ??= turn.monotonicMs;
  const leftMs = signing.awaitingMs + patienceMs(turn, rested, 0) - turn.monotonicMs;
  if (leftMs > 0) turn.timer("awaiting", leftMs);
  return leftMs > 0;
}

/**
 * Starts the next attempt at what is still unsigned, with fresh nonces on the SAME
 * certified step; asks for slots where too few are there. True when every message has its outcome.
 */
export function trySigning(turn: Turn, pending: PendingStep, signing: Signing): boolean {
  if (signing.attempt !== undefined) return false;
  settleDenied(turn, signing);
  const open = firstOpen(signing);
  if (open === undefined) return true;
  const chosen = choose(turn, signing, open);
  if (chosen === undefined) {
    signing.awaitingMs = undefined;
    settleDenied(turn, signing);
    if (firstOpen(signing) === undefined) return true;
    for (const oracle of turn.oracles) pursue(turn, oracle);
    return false;
  }
  if (awaitsRested(turn, signing, open, chosen)) {
    for (const oracle of turn.oracles) pursue(turn, oracle);
    return false;
  }
  signing.awaitingMs = undefined;
  signing.rounds++;
  signing.attempt = prepare(turn, pending, chosen);
  sendCommit(turn, pending, signing.attempt);
  return false;
}

/**
 * Whether waiting is in vain: the step names a share version that too few of the oracles within reach hold, and
 * it brings the others no A_i. A step with a ratchet would (SPEC section 6). Oracles that do not answer get
 * the time that signers get; a step that carries a ratchet waits, because another one would change nothing.
 */
export function isStranded(turn: Turn, pending: PendingStep, signing: Signing): boolean {
  if (pending.ratchet !== undefined || signing.attempt !== undefined) return false;
  const within = turn.oracles.filter((oracle) => turn.view(oracle).up && !signing.excluded.has(oracle));
  const able = within.filter((oracle) => turn.view(oracle).slot !== undefined).length;
  const shareless = within.filter((oracle) => turn.view(oracle).shareless).length;
  const { threshold } = turn.constants;
  if (able >= threshold || able + shareless < threshold) {
    signing.strandedMs = undefined;
    return false;
  }
  if (able + shareless === within.length) return true;
  signing.strandedMs ??= turn.monotonicMs;
  const leftMs = signing.strandedMs + turn.context.settings.signTimeoutMs - turn.monotonicMs;
  if (leftMs > 0) turn.timer("stranded", leftMs);
  return leftMs <= 0;
}
