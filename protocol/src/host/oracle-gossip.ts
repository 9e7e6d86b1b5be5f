import { toHex } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import { GOSSIP_INTERVAL_MS } from "../limits.ts";
import { votesContradict } from "../session/evidence.ts";
import { selfOf } from "../session/oracle/cast-vote.ts";
import {
  learnEnrollment,
  onCert,
  onEquivocation,
  onEvidence,
  onHeader,
  onPeerStale,
  openHeaders,
  records,
} from "../session/oracle/index.ts";
import { type SignedVote, votesOf, voteVerifies } from "../session/vote.ts";
import type { GossipItem, PeerMessage } from "../wire/peer.ts";
import type { GossipSink, OracleCore } from "./oracle-core.ts";
import { GossipInventory, itemHash } from "./oracle-inventory.ts";
import type { OracleRegistry } from "./oracle-registry.ts";
import { put } from "./table.ts";

/** Items of one gossip message; also keeps a message under the frame limit. */
const ITEMS_PER_MESSAGE = 32;
const FETCH_EVERY_MS = 1000;
/** Items a peer may make me verify per gossip interval. */
const PEER_ITEMS_PER_INTERVAL = 2000;
const OPEN_SCAN_LIMIT = 512;
const SYNC_WAITS_MAX = 3;

/** One connected peer. */
interface Peer {
  /** Undecided headers sent since it connected, by hash. */
  readonly sent: Set<string>;
  /** Its inventory has come, and what I lacked of it too. */
  synced: boolean;
  /** What I asked it for and have not got, by hash; undefined until its whole inventory came. */
  wanted: Set<string> | undefined;
  asked: readonly string[];
  /** Gossip intervals since its inventory came; an item it no longer has must not hold me up for ever. */
  waits: number;
  budget: number;
}

/**
 * Gossip and anti-entropy (PROTOCOL section 3): heads that moved, every stored
 * undecided header, evidence, suspensions and statements; each message shows the
 * receiver the newest vote of its own that I have seen.
 */
export class OracleGossip implements GossipSink {
  readonly #core: OracleCore;
  readonly #registry: OracleRegistry;
  readonly #inventory: GossipInventory;
  readonly #peers = new Map<number, Peer>();
  readonly #moved = new Map<string, Hash>();
  readonly #fetched = new Map<string, number>();
  readonly #newest = new Map<number, SignedVote>();
  readonly #unsaved = new Set<number>();
  #cancel: (() => void) | undefined;

  constructor(core: OracleCore, registry: OracleRegistry) {
    this.#core = core;
    this.#registry = registry;
    this.#inventory = new GossipInventory(core.view);
    for (const { id } of core.newest.oracles) {
      const vote = core.view.get(records.newestVotes, records.oracleKey(id));
      if (vote !== undefined) this.#newest.set(id, vote);
    }
  }

  start(): void {
    const { entropy, timers } = this.#core.options;
    const jitter = ((entropy.random(1)[0] ?? 0) / 256) * 0.2 * GOSSIP_INTERVAL_MS;
    this.#cancel = timers.after(GOSSIP_INTERVAL_MS * 0.9 + jitter, () => {
      this.#tick();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Peers that have shown me what they hold since they connected. */
  get syncedPeers(): number {
    return [...this.#peers.values()].filter((peer) => peer.synced).length;
  }

  get connectedPeers(): number {
    return this.#peers.size;
  }

  now(item: GossipItem): void {
    this.#inventory.add(item);
    for (const oracle of this.#peers.keys()) this.#send(oracle, [item]);
  }

  moved(instance: Hash): void {
    this.#moved.set(toHex(instance), instance);
    const record = this.#core.view.get(records.instances, instance);
    for (const vote of record?.head === undefined ? [] : votesOf(record.head.qc)) this.#sawVote(vote, true);
  }

  voted(vote: SignedVote): void {
    this.#sawVote(vote, true);
  }

  fetch(instance: Hash, seq: number): void {
    const key = `${toHex(instance)}/${seq}`;
    const now = this.#core.options.clock.monotonicMs();
    if (now - (this.#fetched.get(key) ?? Number.NEGATIVE_INFINITY) < FETCH_EVERY_MS) return;
    if (this.#fetched.size > 10_000) this.#fetched.clear();
    this.#fetched.set(key, now);
    for (const oracle of this.#peers.keys())
      this.#core.options.peers.send(oracle, { kind: "fetch", instance, seq });
  }

  onPeerUp(oracle: number): void {
    this.#peers.set(oracle, {
      sent: new Set(),
      synced: false,
      wanted: undefined,
      asked: [],
      waits: 0,
      budget: PEER_ITEMS_PER_INTERVAL,
    });
    this.#send(oracle, this.#openItems(undefined));
    for (const message of this.#inventory.pages()) this.#core.options.peers.send(oracle, message);
  }

  onPeerDown(oracle: number): void {
    this.#peers.delete(oracle);
  }

  #send(oracle: number, items: readonly GossipItem[]): void {
    const { peers, oracle: me } = this.#core.options;
    const newestVote = this.#newest.get(me);
    const yourNewestVote = this.#newest.get(oracle);
    for (let i = 0; i === 0 || i < items.length; i += ITEMS_PER_MESSAGE) {
      const page = items.slice(i, i + ITEMS_PER_MESSAGE);
      peers.send(oracle, { kind: "gossip", newestVote, yourNewestVote, items: page });
    }
  }

  /** Undecided headers, minus those a peer was sent already. */
  #openItems(sent: Set<string> | undefined): GossipItem[] {
    const items: GossipItem[] = [];
    for (const [, { instance }] of this.#core.view.scan(records.openIndex, OPEN_SCAN_LIMIT)) {
      const record = this.#core.view.get(records.instances, instance);
      if (record === undefined || record.status === "revoked") continue;
      for (const proven of openHeaders(record)) {
        const item: GossipItem = { kind: "undecided", proven };
        const key = toHex(itemHash(item));
        if (sent?.has(key) === true) continue;
        sent?.add(key);
        items.push(item);
      }
    }
    return items;
  }

  #movedItems(): GossipItem[] {
    const items: GossipItem[] = [];
    for (const [key, instance] of this.#moved) {
      if (items.length >= OPEN_SCAN_LIMIT) break;
      this.#moved.delete(key);
      const head = this.#core.view.get(records.instances, instance)?.head;
      if (head !== undefined) items.push({ kind: "head", certified: head });
    }
    return items;
  }

  #tick(): void {
    const { clock } = this.#core.options;
    this.#core.vault.expire(clock.monotonicMs());
    const moved = this.#movedItems();
    for (const [oracle, peer] of this.#peers) {
      peer.budget = PEER_ITEMS_PER_INTERVAL;
      if (!peer.synced && peer.wanted !== undefined && ++peer.waits >= SYNC_WAITS_MAX) peer.synced = true;
      if (peer.sent.size > 4 * OPEN_SCAN_LIMIT) peer.sent.clear();
      this.#send(oracle, [...moved, ...this.#openItems(peer.sent)]);
    }
    if (this.#unsaved.size === 0) return;
    const saves = [...this.#unsaved].flatMap((oracle) => {
      const vote = this.#newest.get(oracle);
      return vote === undefined ? [] : [put(records.newestVotes, records.oracleKey(oracle), vote)];
    });
    this.#unsaved.clear();
    this.#core.view.submit(saves, () => undefined);
  }

  /** Keeps the newest vote of every oracle; two votes that contradict each other are evidence. */
  #sawVote(signed: SignedVote, verified: boolean): void {
    const { vote } = signed;
    const { group, oracle: me } = this.#core.options;
    const roster = this.#core.roster(vote.rosterHash);
    if (roster === undefined) return;
    const held = this.#newest.get(vote.oracle);
    const contradicts = held !== undefined && votesContradict(held, signed);
    if (!contradicts && held !== undefined && held.vote.counter >= vote.counter) return;
    if (!verified && !voteVerifies(group, roster, signed)) return;
    if (contradicts) {
      this.#core.run((context) =>
        onEquivocation(context, roster, { version: 1, first: held, second: signed }),
      );
      return;
    }
    if (vote.oracle === me && vote.counter > selfOf(this.#core.context()).counter) {
      this.#core.fence(
        `a peer showed my own vote ${vote.counter}, newer than my durable counter`,
        () => undefined,
      );
    }
    this.#newest.set(vote.oracle, signed);
    this.#unsaved.add(vote.oracle);
  }

  onMessage(oracle: number, message: PeerMessage): void {
    const peer = this.#peers.get(oracle);
    if (peer === undefined) return;
    switch (message.kind) {
      case "gossip":
        if (message.newestVote?.vote.oracle === oracle) this.#sawVote(message.newestVote, false);
        if (message.yourNewestVote?.vote.oracle === this.#core.options.oracle)
          this.#sawVote(message.yourNewestVote, false);
        for (const item of message.items) this.#take(oracle, peer, item);
        return;
      case "inventory":
        return this.#onInventory(oracle, peer, message);
      case "want":
        if (this.#affords(peer, message.hashes.length))
          this.#send(oracle, this.#inventory.items(message.hashes));
        return;
      case "fetch":
        if (!this.#affords(peer, 1)) return;
        return this.#onFetch(oracle, message.instance, message.seq);
      case "fetched":
        return this.#onFetched(message);
      default:
        return;
    }
  }

  #onInventory(oracle: number, peer: Peer, message: Extract<PeerMessage, { kind: "inventory" }>): void {
    const lacking = message.hashes.filter((hash) => !this.#inventory.has(hash));
    for (let i = 0; i < lacking.length; i += 256) {
      this.#core.options.peers.send(oracle, { kind: "want", hashes: lacking.slice(i, i + 256) });
    }
    peer.asked = [...peer.asked, ...lacking.map(toHex)];
    if (message.page + 1 < message.pages) return;
    peer.wanted = new Set(peer.asked);
    peer.synced ||= peer.wanted.size === 0;
  }

  /** Whether a peer may still make me work in this interval. */
  #affords(peer: Peer, cost: number): boolean {
    peer.budget -= cost;
    return peer.budget >= 0;
  }

  #take(oracle: number, peer: Peer, item: GossipItem): void {
    if (!this.#affords(peer, 1)) return;
    const answerPeer = (answer: GossipItem): void => this.#send(oracle, [answer]);
    try {
      this.#handle(item, answerPeer);
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#core.event({ level: "warn", event: "gossip.refused", peer: oracle, code: error.code });
    }
    if (peer.synced || peer.wanted === undefined) return;
    peer.wanted.delete(toHex(itemHash(item)));
    peer.synced = peer.wanted.size === 0;
  }

  #handle(item: GossipItem, answerPeer: (item: GossipItem) => void): void {
    const core = this.#core;
    switch (item.kind) {
      case "head":
        return core.run((context) => onCert(context, item.certified, false));
      case "undecided":
        return core.run((context) => onHeader(context, item.proven.signed, item.proven.parent), {
          answerPeer,
        });
      case "evidence":
        return core.run((context) => onEvidence(context, item.evidence));
      case "equivocation": {
        const roster = core.roster(item.evidence.first.vote.rosterHash);
        if (roster !== undefined) core.run((context) => onEquivocation(context, roster, item.evidence));
        return;
      }
      case "stale":
        return core.run((context) => onPeerStale(context, item.notice));
      case "statement":
        return this.#registry.accept(item.statement, false, () => undefined);
      case "enrollment":
        return this.#learn(item.enrollment, item.certified);
    }
  }

  #learn(
    enrollment: Extract<GossipItem, { kind: "enrollment" }>["enrollment"],
    certified: Extract<GossipItem, { kind: "enrollment" }>["certified"],
  ): void {
    if (certified === undefined) return;
    this.#core.run(
      (context) =>
        learnEnrollment(context, enrollment, certified)?.outcome() ?? { mutations: [], effects: [] },
    );
  }

  #onFetch(oracle: number, instance: Hash, seq: number): void {
    const { view, options } = this.#core;
    const record = view.get(records.instances, instance);
    if (record === undefined) return;
    const { head } = record;
    const certified =
      head !== undefined && head.signed.header.seq === seq
        ? head
        : view.get(records.histories, records.historyKey(instance, seq))?.certified;
    const enrollment = seq === 0 ? view.get(records.enrollments, instance) : undefined;
    if (certified === undefined) return;
    options.peers.send(oracle, { kind: "fetched", certified, enrollment });
  }

  #onFetched(message: Extract<PeerMessage, { kind: "fetched" }>): void {
    const { certified, enrollment } = message;
    if (certified === undefined) return;
    if (enrollment !== undefined) return this.#learn(enrollment, certified);
    this.#core.run((context) => onCert(context, certified, false));
  }
}
