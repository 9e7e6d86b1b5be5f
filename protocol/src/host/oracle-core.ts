import { byteKey, clipText, equalBytes, toHex, zeroize } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import type { Scalar } from "../group/group.ts";
import { TEXT_BYTES_MAX } from "../limits.ts";
import { workloadOf } from "../registry/registry.ts";
import { type Roster, rosterHash, verifyRoster, voteKeyOf } from "../registry/roster.ts";
import { headerHash } from "../session/header.ts";
import { selfOf } from "../session/oracle/cast-vote.ts";
import {
  type OracleContext,
  type OracleEffect,
  type Outcome,
  records,
  type VoteKey,
  voteKeyFrom,
} from "../session/oracle/index.ts";
import type { SignedVote } from "../session/vote.ts";
import type { GossipItem } from "../wire/peer.ts";
import type { OracleMessage } from "../wire/session.ts";
import { NonceVault } from "./nonce-vault.ts";
import { offerMutations } from "./offered-items.ts";
import type { OracleOptions } from "./oracle-api.ts";
import { signCommit } from "./oracle-sign.ts";
import { type PageReader, pageReader } from "./pages.ts";
import type { HostEvent } from "./ports.ts";
import { StoreView } from "./store-view.ts";
import { put } from "./table.ts";

/** Where the effects of one step go. */
export interface Destinations {
  readonly reply?: (message: OracleMessage) => void;
  readonly answerPeer?: (item: GossipItem) => void;
  /** The peer whose message this is. */
  readonly peer?: number;
  /** What came did not prove itself. */
  readonly unproven?: () => void;
}

/** What the core asks of the gossip; set once both exist. */
export interface GossipSink {
  now(item: GossipItem): void;
  moved(instance: Hash): void;
  /** A peer waits for the certificate of this header. */
  waits(oracle: number, headerHash: Hash): void;
  /** A vote of this oracle is on its way to the disk. */
  votes(vote: SignedVote): void;
  /** A vote of this oracle is durable and leaves: from now on every message shows it. */
  voted(vote: SignedVote): void;
  /** `from`: the peer that spoke of it. */
  fetch(instance: Hash, seq: number, from?: number): void;
  /** Asks one peer for what it holds at a seq. */
  ask(oracle: number, instance: Hash, seq: number, what: "certified" | "open"): void;
}

/**
 * The loop every input of an oracle goes through: step, then persist, then deliver.
 * Nothing else writes; effects wait for their own mutations and for everything
 * submitted before them, so that no answer depends on what a crash could take back.
 */
export class OracleCore {
  readonly options: OracleOptions;
  readonly view: StoreView;
  /** Pages of point tables; nothing comes any more once a write has failed. */
  readonly page: PageReader;
  readonly vault: NonceVault;
  readonly bootId: Uint8Array;
  readonly newest: Roster;
  readonly voteKey: VoteKey;
  readonly counts: Record<string, number> = {};
  readonly #rosters = new Map<string, Roster>();
  gossip: GossipSink | undefined;
  /** Set when a write failed: nothing more is answered. */
  broken: Error | undefined;

  constructor(options: OracleOptions, fail: (error: Error) => void) {
    this.options = options;
    let previous: Roster | undefined;
    for (const signed of options.rosters) {
      verifyRoster(options.group, signed, previous);
      previous = signed.roster;
      this.#rosters.set(byteKey(rosterHash(signed.roster)), signed.roster);
    }
    if (previous === undefined) throw new IpseError("ERR_ROSTER_UNKNOWN", "an oracle needs a roster");
    this.newest = previous;
    this.voteKey = voteKeyFrom(options.group, options.voteSeed);
    // Each step brings signatures under these keys; the newest roster's come first, as there is room for a few.
    for (const { roster } of options.rosters.toReversed()) {
      options.group.ed25519.prepare(roster.oracles.map(({ voteKey }) => voteKey));
    }
    const named = voteKeyOf(previous, options.oracle);
    if (named === undefined || !equalBytes(named, this.voteKey.publicKey)) {
      throw new IpseError("ERR_ROSTER_VOTE_KEY", "the roster names another vote key for this oracle");
    }
    this.view = new StoreView(options.store, (error) => {
      this.broken = error;
      fail(error);
    });
    const read = pageReader(options.store, this.view);
    this.page = (from, range, done) =>
      read(from, range, (page) => {
        if (this.broken === undefined) done(page);
      });
    this.bootId = options.entropy.random(16);
    this.vault = new NonceVault(options.group, options.entropy, options.oracle, this.bootId);
  }

  get fenced(): boolean {
    return selfOf(this.context()).fenced;
  }

  roster(hash: Hash): Roster | undefined {
    return equalBytes(hash, rosterHash(this.newest)) ? this.newest : this.#rosters.get(byteKey(hash));
  }

  context(): OracleContext {
    const { group, oracle, clock } = this.options;
    return {
      group,
      oracle,
      voteKey: this.voteKey,
      view: this.view,
      nowMs: Math.floor(clock.nowMs()),
      roster: (hash) => this.roster(hash),
    };
  }

  event(event: HostEvent): void {
    this.options.events(event);
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  /** Runs one step to its end, then calls `done`. `step` may throw IpseError: then nothing changed. */
  run(
    step: (context: OracleContext) => Outcome,
    to: Destinations = {},
    done: () => void = () => undefined,
  ): void {
    if (this.broken !== undefined) return;
    let outcome: Outcome;
    try {
      outcome = step(this.context());
      const { effects } = outcome;
      for (const effect of effects)
        if (effect.kind === "ordered" && effect.answer.vote !== undefined)
          this.gossip?.votes(effect.answer.vote);
      const offered = effects.flatMap((effect) =>
        effect.kind === "gossip" ? offerMutations(this.view, effect.item) : [],
      );
      const mutations = [...outcome.mutations, ...offered];
      if (outcome.unproven === true) to.unproven?.();
      const deliver = (): void => {
        for (const effect of effects) this.#deliver(effect, to);
        done();
      };
      if (mutations.length > 0) this.view.submit(mutations, deliver);
      else this.view.afterPending(deliver);
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.count("refused_total");
      to.unproven?.();
      to.reply?.({
        kind: "refused",
        code: error.code,
        message: error.message.slice(0, 250),
        retryAfterMs: 0,
        proof: undefined,
      });
    }
  }

  #deliver(effect: OracleEffect, to: Destinations): void {
    const { entropy } = this.options;
    switch (effect.kind) {
      case "reply":
        if (effect.message.kind === "refused") this.count("refused_total");
        return to.reply?.(effect.message);
      case "ordered":
        this.count("ordered_total");
        if (effect.answer.vote !== undefined) this.gossip?.voted(effect.answer.vote);
        return to.reply?.({
          kind: "ordered",
          ...effect.answer,
          slot: this.#slot(effect),
          salt: entropy.random(32),
        });
      case "acknowledge":
        return to.reply?.({
          kind: "certAck",
          instance: effect.instance,
          seq: effect.seq,
          salt: entropy.random(32),
        });
      case "sign":
        return to.reply?.(this.#sign(effect));
      case "gossip":
        return this.gossip?.now(effect.item);
      case "answer-peer":
        return to.answerPeer?.(effect.item);
      case "fetch":
        return this.gossip?.fetch(effect.instance, effect.seq, to.peer);
      case "ask-peer":
        if (to.peer !== undefined) this.gossip?.ask(to.peer, effect.instance, effect.seq, "open");
        return;
      case "moved":
        this.count("steps_certified_total");
        return this.gossip?.moved(effect.instance);
      case "peer-waits":
        return to.peer === undefined ? undefined : this.gossip?.waits(to.peer, effect.headerHash);
      case "drop-slots":
        return this.vault.drop(effect.instance);
      case "wipe":
        return zeroize(...effect.secrets);
      case "alert":
        this.count(`alert_${effect.code.replaceAll(/[^a-z]/g, "_")}_total`);
        return this.event({ level: "warn", event: effect.code, instance: toHex(effect.instance) });
    }
  }

  #slot(effect: Extract<OracleEffect, { kind: "ordered" }>) {
    const record = this.view.get(records.instances, effect.subject.instance);
    if (effect.messages.length === 0 || record?.status !== "active") return undefined;
    const newest = record.shares.reduce<(typeof record.shares)[number] | undefined>(
      (best, held) => (best === undefined || held.version > best.version ? held : best),
      undefined,
    );
    if (newest === undefined) return undefined;
    return this.vault.slotFor(
      effect.subject,
      effect.messages,
      newest.share as Scalar,
      this.options.clock.monotonicMs(),
    );
  }

  /** Status, head and policy are read again here, at the moment of signing. */
  #sign(effect: Extract<OracleEffect, { kind: "sign" }>): OracleMessage {
    const { group, oracle, clock } = this.options;
    const record = this.view.get(records.instances, effect.subject.instance);
    if (record === undefined || record.status !== "active" || this.fenced) {
      const code = `ERR_INSTANCE_${(record?.status ?? "unknown").toUpperCase()}`;
      return {
        kind: "refused",
        code,
        message: "the instance is not active",
        retryAfterMs: 0,
        proof: undefined,
      };
    }
    const { head, vote } = record;
    const isHead =
      head !== undefined && equalBytes(headerHash(head.signed.header), effect.subject.headerHash);
    if (!isHead || (vote !== undefined && vote.signed.header.seq > effect.subject.seq)) {
      const message = "signing happens only at the head";
      return { kind: "refused", code: "ERR_STEP_SUPERSEDED", message, retryAfterMs: 0, proof: undefined };
    }
    const roster = this.roster(record.constants.rosterHash) ?? this.newest;
    this.count("commits_total");
    return signCommit(
      {
        group,
        oracle,
        voteKey: this.voteKey,
        vault: this.vault,
        threshold: record.constants.threshold,
        workload: workloadOf(this.view, effect.spiffeId),
        issuer: roster.issuer,
        nowMs: clock.nowMs(),
        monotonicMs: clock.monotonicMs(),
      },
      effect,
    );
  }

  /** Fences this oracle for good under its vote key (SPEC section 7). */
  fence(reason: string, done: () => void): void {
    const mine = selfOf(this.context());
    const fencedReason = clipText(reason, TEXT_BYTES_MAX);
    this.event({ level: "error", event: "oracle.fenced", reason: fencedReason });
    this.view.submit([put(records.self, records.SELF_KEY, { ...mine, fenced: true, fencedReason })], done);
  }
}
