import { toHex } from "../bytes.ts";
import { errorCode, IpseError } from "../errors.ts";
import { type Commitment, validateCommitment } from "../frost/index.ts";
import type { CosignSubject } from "../issuer/index.ts";
import { OAuthError } from "../oauth/oauth-error.ts";
import type { CosignMessage } from "../wire/cosign.ts";
import { CosignAttempt } from "./cosign-attempt.ts";
import type { HeldIssuerKey } from "./issuer-keyring.ts";
import type { OracleCore } from "./oracle-core.ts";

/** After this, everybody else is asked as well; later while all answers take long, or that would add to the load. */
const HEDGE_MS = 300;
const HEDGE_MS_MAX = 1_000;
/** How much longer than usual an answer may take. */
const PATIENCE = 3;
/** How much one answer counts in what is usual. */
const USUAL_WEIGHT = 1 / 16;
/** Time for the shares of round two before others are asked; more while all answers take long. */
const ROUND_MS = 1_000;
const ROUND_MS_MAX = 2_000;
const OVERALL_MS = 4_000;
/** Signatures one oracle coordinates at once. */
const ATTEMPTS_MAX = 2_000;
/** Who gave a wrong share is asked last for so long. */
const DISTRUST_MS = 60_000;

export interface Work {
  readonly key: HeldIssuerKey;
  readonly subject: CosignSubject;
  readonly input: Uint8Array;
}
type Done = (result: Uint8Array | OAuthError) => void;

interface Running {
  readonly attempt: CosignAttempt;
  readonly done: Done;
  readonly cancels: (() => void)[];
  readonly beganMs: number;
}

/** The commitment behind a slot of this oracle's own, which needs no validation; undefined: there is no such slot. */
export type OwnCommitment = (attempt: Uint8Array, slotId: Uint8Array) => Commitment | undefined;

/** Delivers a message of ours to an oracle, this one included; false when it cannot be reached. */
export type Send = (oracle: number, attempt: Uint8Array, message: CosignMessage) => boolean;

/**
 * Gathers threshold signatures under issuer keys: asks q oracles, asks others when some refuse, are slow or lie,
 * and gives up after a bounded time. Names who gave wrong shares.
 */
export class Coordinator {
  readonly #core: OracleCore;
  readonly #send: Send;
  readonly #own: OwnCommitment;
  readonly #running = new Map<string, Running>();
  readonly #connected = new Set<number>();
  readonly #distrusted = new Map<number, number>();
  #turn = 0;
  /** How long peers take to commit of late. */
  #usualMs = 0;

  constructor(core: OracleCore, own: OwnCommitment, send: Send) {
    this.#core = core;
    this.#own = own;
    this.#send = send;
  }

  get size(): number {
    return this.#running.size;
  }

  get connected(): number {
    return this.#connected.size;
  }

  onPeerUp(oracle: number): void {
    this.#connected.add(oracle);
  }

  onPeerDown(oracle: number): void {
    this.#connected.delete(oracle);
    for (const running of [...this.#running.values()]) this.#lost(running, oracle);
  }

  sign({ key, subject, input }: Work, done: Done): void {
    if (this.#running.size >= ATTEMPTS_MAX)
      return done(new OAuthError("temporarily_unavailable", "too many signatures under way"));
    const { options, newest } = this.#core;
    const { group, entropy, timers, clock } = options;
    const { quorum, byzantineMax } = newest;
    const id = entropy.random(16);
    const attempt = new CosignAttempt({ group, id, key, subject, input, quorum, byzantineMax });
    const running: Running = { attempt, done, cancels: [], beganMs: clock.monotonicMs() };
    this.#running.set(attempt.name, running);
    running.cancels.push(
      timers.after(this.#patienceMs(HEDGE_MS, HEDGE_MS_MAX), () => this.#ask(running, newest.oracles.length)),
      timers.after(OVERALL_MS, () => this.#end(running, attempt.verdict())),
    );
    this.#ask(running, attempt.lacking);
  }

  #patienceMs(least: number, most: number): number {
    return Math.min(most, Math.max(least, PATIENCE * this.#usualMs));
  }

  #end(running: Running, result: Uint8Array | OAuthError): void {
    if (!this.#running.delete(running.attempt.name)) return;
    for (const cancel of running.cancels) cancel();
    running.done(result);
  }

  /** This oracle first, then its peers in turn, those that lied of late last. */
  #candidates(attempt: CosignAttempt): readonly number[] {
    const { options, newest } = this.#core;
    const me = options.oracle;
    const ids = newest.oracles.map(({ id }) => id);
    const rotated = ids.map((_, i) => ids[(i + this.#turn) % ids.length] ?? me);
    const now = options.clock.monotonicMs();
    const doubt = (id: number): number => ((this.#distrusted.get(id) ?? 0) > now ? 1 : 0);
    return rotated
      .filter((id) => attempt.isOpen(id) && (id === me || this.#connected.has(id)))
      .sort((a, b) => Number(b === me) - Number(a === me) || doubt(a) - doubt(b));
  }

  #ask(running: Running, count: number): void {
    const { attempt } = running;
    if (!this.#running.has(attempt.name) || attempt.round2 !== undefined) return;
    this.#turn++;
    const { id, key, subject } = attempt.options;
    const chosen = this.#candidates(attempt).slice(0, Math.max(0, count));
    for (const oracle of chosen) attempt.waiting.add(oracle);
    for (const oracle of chosen) {
      const sent = this.#send(oracle, id, { kind: "propose", keyId: key.id, subject });
      if (!sent) attempt.exclude(oracle);
    }
    this.#proceed(running);
  }

  /** Asks more, begins round two, or sees that it cannot be. */
  #proceed(running: Running): void {
    const { attempt } = running;
    if (!this.#running.has(attempt.name) || attempt.round2 !== undefined) return;
    if (attempt.offers.size >= attempt.options.quorum) return this.#beginRound2(running);
    if (attempt.lacking <= 0) return;
    if (this.#candidates(attempt).length >= attempt.lacking) return this.#ask(running, attempt.lacking);
    this.#end(running, attempt.verdict());
  }

  #beginRound2(running: Running): void {
    const { attempt } = running;
    const { signing, signers } = attempt.begin();
    const commitments = signers.flatMap((oracle) => {
      const entry = signing.signers.get(oracle)?.commitment;
      return entry === undefined ? [] : [{ oracle, hiding: entry.hiding, binding: entry.binding }];
    });
    const round = attempt.round2;
    running.cancels.push(
      this.#core.options.timers.after(this.#patienceMs(ROUND_MS, ROUND_MS_MAX), () => {
        if (round === undefined || attempt.round2 !== round) return;
        for (const oracle of signers) if (!round.shares.has(oracle)) attempt.exclude(oracle);
        this.#again(running);
      }),
    );
    const slots = signers.map((oracle) => attempt.offers.get(oracle)?.slotId ?? new Uint8Array(16));
    for (const [i, oracle] of signers.entries()) {
      const slotId = slots[i] ?? new Uint8Array(16);
      const sent = this.#send(oracle, attempt.options.id, { kind: "sign", slotId, commitments });
      if (!sent) return this.#lost(running, oracle);
    }
  }

  /** A new round with fresh nonces on the same message. */
  #again(running: Running): void {
    if (!this.#running.has(running.attempt.name)) return;
    this.#core.count("cosign_retries_total");
    running.attempt.restart();
    this.#proceed(running);
  }

  #lost(running: Running, oracle: number): void {
    const { attempt } = running;
    const signing = attempt.round2?.signers.includes(oracle) === true && !attempt.round2.shares.has(oracle);
    attempt.exclude(oracle);
    if (signing) this.#again(running);
    else this.#proceed(running);
  }

  #blame(running: Running, oracles: readonly number[], code: string): void {
    const { clock } = this.#core.options;
    for (const oracle of oracles) {
      this.#distrusted.set(oracle, clock.monotonicMs() + DISTRUST_MS);
      running.attempt.exclude(oracle);
      this.#core.count("cosign_culprits_total");
      this.#core.event({ level: "warn", event: "cosign.culprit", peer: oracle, code });
    }
  }

  /** An answer of a co-signer. */
  onAnswer(oracle: number, id: Uint8Array, message: CosignMessage): void {
    const running = this.#running.get(toHex(id));
    if (running === undefined) return;
    const { attempt } = running;
    if (message.kind === "commitment") this.#onCommitment(running, oracle, message);
    else if (message.kind === "share") this.#onShare(running, oracle, message);
    else if (message.kind === "refused") {
      const { error, reason } = message;
      const asked = attempt.waiting.has(oracle) || attempt.round2?.signers.includes(oracle) === true;
      if (!asked) return;
      attempt.refusals.set(oracle, { error, reason });
      // My own judgement is final: others would only say the same, or something a liar wants.
      if (oracle === this.#core.options.oracle) return this.#end(running, new OAuthError(error, reason));
      this.#lost(running, oracle);
    }
  }

  #onCommitment(
    running: Running,
    oracle: number,
    { slotId, hiding, binding }: Extract<CosignMessage, { kind: "commitment" }>,
  ): void {
    const { attempt } = running;
    if (!attempt.waiting.delete(oracle) || attempt.round2 !== undefined) return;
    const { group, clock, oracle: me } = this.#core.options;
    const own = oracle === me ? this.#own(attempt.options.id, slotId) : undefined;
    if (oracle !== me)
      this.#usualMs += USUAL_WEIGHT * (clock.monotonicMs() - running.beganMs - this.#usualMs);
    try {
      const commitment = own ?? validateCommitment(group, { identifier: oracle, hiding, binding });
      attempt.offers.set(oracle, { slotId, commitment });
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#blame(running, [oracle], errorCode(error));
    }
    this.#proceed(running);
  }

  #onShare(running: Running, oracle: number, { slotId, z }: Extract<CosignMessage, { kind: "share" }>): void {
    const { attempt } = running;
    const { round2 } = attempt;
    const offer = attempt.offers.get(oracle);
    const expected = round2?.signers.includes(oracle) === true && offer !== undefined;
    if (round2 === undefined || !expected || toHex(offer.slotId) !== toHex(slotId)) return;
    round2.shares.set(oracle, z);
    try {
      const signature = attempt.finish(round2);
      if (signature !== undefined) this.#end(running, signature);
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#blame(running, error.culprits, errorCode(error));
      this.#again(running);
    }
  }
}
