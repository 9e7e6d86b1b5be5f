import { equalBytes, toHex } from "../bytes.ts";
import {
  type DkgContext,
  type DkgInput,
  type DkgOutput,
  type DkgParams,
  type DkgState,
  dkgStart,
  dkgStep,
  wipeDkgState,
} from "../dkg/index.ts";
import type { Hash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import { CEREMONIES_UNSETTLED_MAX } from "../limits.ts";
import { rosterHash } from "../registry/roster.ts";
import { poolKeyRoster } from "../session/enroll-check.ts";
import { oracleKey } from "../session/oracle/records.ts";
import type { CeremonyBook } from "./ceremony-book.ts";
import { CeremonyReporter, type CeremonySink } from "./ceremony-report.ts";
import type { OracleCore } from "./oracle-core.ts";
import { PoolAdmission } from "./pool-admission.ts";
import { PoolArchive } from "./pool-archive.ts";
import { PoolEarly } from "./pool-early.ts";
import { type CeremonyOrigin, post, postAll } from "./pool-outbox.ts";
import type { CeremonyRecord } from "./pool-records.ts";
import type { PoolMessage, Proposal } from "./pool-wire.ts";
import { type Mutation, put, remove } from "./table.ts";

/** Patience with each phase of a ceremony. */
const PHASE_MS = 60_000;
/** How often a ceremony's messages are repeated meanwhile. */
const REPEAT_MS = 10_000;

/** A ceremony that is not over here. */
interface Ceremony extends CeremonyOrigin {
  state: DkgState;
  deadlineMs: number;
  repeatMs: number;
}

/**
 * The key generation ceremonies of one oracle. A state is durable before its messages leave, goes on after a
 * restart, and is over only with all n signatures or when nobody can hold them.
 */
export class PoolCeremonies {
  readonly #core: OracleCore;
  readonly #book: CeremonyBook;
  readonly #sink: CeremonySink;
  readonly #archive: PoolArchive;
  readonly #admission: PoolAdmission;
  readonly #reporter: CeremonyReporter;
  readonly #early = new PoolEarly();
  readonly #open = new Map<string, Ceremony>();
  #writes = 0;
  readonly #rosterHash: Hash;
  readonly #context: DkgContext;

  constructor(core: OracleCore, book: CeremonyBook, sink: CeremonySink) {
    this.#core = core;
    this.#book = book;
    this.#sink = sink;
    this.#archive = new PoolArchive(core, book);
    this.#reporter = new CeremonyReporter(core, book, sink);
    this.#rosterHash = rosterHash(core.newest);
    this.#admission = new PoolAdmission(core, book, this.#rosterHash);
    this.#context = { group: core.options.group, sign: core.voteKey.sign };
  }

  load(): void {
    const { oracle } = this.#core.options;
    const { publicKey } = this.#core.voteKey;
    this.#archive.load();
    for (const [id, { initiator, serial, state }] of this.#core.view.scan(this.#book.ceremonies, 256)) {
      // Under another roster this oracle may have been somebody else.
      const named = state.params.voteKeys[oracle - 1];
      if (state.party === oracle && named !== undefined && equalBytes(named, publicKey)) {
        this.#add(id, initiator, serial, state);
      }
    }
  }

  #rewind(ceremony: Ceremony): void {
    const now = this.#core.options.clock.monotonicMs();
    ceremony.deadlineMs = now + PHASE_MS;
    ceremony.repeatMs = now + REPEAT_MS;
  }

  #add(id: Hash, initiator: number, serial: number, state: DkgState): Ceremony {
    const ceremony: Ceremony = { id, initiator, serial, state, deadlineMs: 0, repeatMs: 0 };
    this.#rewind(ceremony);
    this.#open.set(toHex(id), ceremony);
    return ceremony;
  }

  /** Whether a ceremony of the newest roster is under way, or over and not yet durably so. */
  get busy(): boolean {
    return this.#live.length > 0 || this.#writes > 0;
  }

  get #live(): readonly Ceremony[] {
    return this.#current().filter(({ state }) => state.phase !== "aborting");
  }

  #current(): readonly Ceremony[] {
    return [...this.#open.values()].filter(({ state }) =>
      equalBytes(state.params.rosterHash, this.#rosterHash),
    );
  }

  /** Too many ceremonies may still turn out certified elsewhere. */
  get stuck(): boolean {
    return this.#current().length - this.#live.length >= CEREMONIES_UNSETTLED_MAX;
  }

  /** Begins a ceremony of `count` keys and asks every other oracle to join. */
  propose(count: number): void {
    this.#begin(this.#core.options.oracle, this.#admission.nextSerial(), count);
  }

  onPropose(from: number, proposal: Proposal): void {
    const live = this.#live;
    const engaged = live.some(({ initiator }) => initiator === from);
    const room = this.#sink.hasRoom(proposal.count / this.#core.newest.oracles.length);
    const load = { live: live.length, engaged, stuck: this.stuck, room };
    try {
      if (this.#admission.admit(from, proposal, load)) this.#begin(from, proposal.serial, proposal.count);
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#core.event({ level: "warn", event: `${this.#book.name}.declined`, peer: from, code: error.code });
    }
  }

  #begin(initiator: number, serial: number, count: number): void {
    const { newest, options } = this.#core;
    const { oracle, entropy } = options;
    const id = this.#book.ceremonyId({ rosterHash: this.#rosterHash, initiator, serial, count });
    const params: DkgParams = { ...poolKeyRoster(newest), ceremony: id, count };
    const output = dkgStart(this.#context, {
      params,
      party: oracle,
      random: (length) => entropy.random(length),
    });
    const ceremony = this.#add(id, initiator, serial, output.state);
    this.#reporter.count("ceremonies");
    this.#core.event({
      level: "info",
      event: `${this.#book.name}.ceremony`,
      ceremony: toHex(id),
      initiator,
      keys: count,
    });
    const mutations = [this.#record(ceremony), put(this.#book.serials, oracleKey(initiator), { serial })];
    this.#core.view.submit(mutations, () =>
      postAll(options.peers, this.#book, ceremony, output.state, output.send),
    );
    for (const [from, payload] of this.#early.take(id))
      this.#step(ceremony, { kind: "message", from, payload });
  }

  onMessage(from: number, { ceremony: id, open, payload }: Extract<PoolMessage, { kind: "message" }>): void {
    const ceremony = this.#open.get(toHex(id));
    if (ceremony !== undefined) return this.#step(ceremony, { kind: "message", from, payload });
    const end = this.#archive.end(id);
    if (end === undefined) return this.#early.keep(from, id, payload);
    // An answer to one that is open is never open itself: two oracles do not answer each other for ever.
    if (open) {
      this.#core.view.afterPending(() =>
        post(this.#core.options.peers, this.#book, from, {
          kind: "message",
          ceremony: id,
          open: false,
          payload: end,
        }),
      );
    }
  }

  onPeerUp(oracle: number): void {
    for (const ceremony of this.#open.values()) this.#step(ceremony, { kind: "resume", to: oracle });
  }

  onPeerDown(oracle: number): void {
    this.#early.drop(oracle);
  }

  tick(now: number): void {
    for (const ceremony of [...this.#open.values()]) {
      if (now >= ceremony.deadlineMs && ceremony.state.phase !== "aborting") {
        this.#step(ceremony, { kind: "timeout" });
      } else if (now >= ceremony.repeatMs) {
        // Unsettled ones may stay for long.
        ceremony.repeatMs = now + (ceremony.state.phase === "aborting" ? PHASE_MS : REPEAT_MS);
        this.#step(ceremony, { kind: "resume" });
      }
    }
  }

  #record({ id, initiator, serial, state }: Ceremony): Mutation {
    const record: CeremonyRecord = { version: 1, initiator, serial, state };
    return put(this.#book.ceremonies, id, record);
  }

  #step(ceremony: Ceremony, input: DkgInput): void {
    const before = ceremony.state;
    const output = dkgStep(this.#context, before, input);
    const { state, send } = output;
    const deliver = (): void => postAll(this.#core.options.peers, this.#book, ceremony, state, send);
    if (state === before) {
      if (send.length > 0) this.#core.view.afterPending(deliver);
      return;
    }
    ceremony.state = state;
    // What was only received need not be durable: whoever sent it repeats it after a restart.
    if (send.length === 0 && state.phase === before.phase) return;
    if (state.phase !== before.phase) this.#rewind(ceremony);
    const mutations = this.#mutations(ceremony, output);
    this.#writes += 1;
    this.#core.view.submit(mutations, () => {
      this.#writes -= 1;
      wipeDkgState(before, state);
      deliver();
      this.#reporter.report(ceremony, before, output);
    });
  }

  #mutations(ceremony: Ceremony, { state, done }: DkgOutput): readonly Mutation[] {
    if (state.phase !== "certified" && state.phase !== "aborted") return [this.#record(ceremony)];
    this.#open.delete(toHex(ceremony.id));
    // What a peer that lags gets to hear; the same for all.
    const to = state.party === 1 ? 2 : 1;
    const [last] = dkgStep(this.#context, state, { kind: "resume", to }).send;
    const ended = this.#archive.put(ceremony.id, state.phase, last?.payload ?? new Uint8Array());
    const kept = this.#sink.keep(done ?? [], state.params.voteKeys.length, ceremony);
    return [remove(this.#book.ceremonies, ceremony.id), ...ended, ...kept];
  }
}
