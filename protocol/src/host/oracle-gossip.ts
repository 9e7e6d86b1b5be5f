import { equalBytes, toHex } from "../bytes.ts";
import { encode, type Hash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import { FRAME_BYTES_MAX, GOSSIP_INTERVAL_MS, GOSSIP_SETTLE_MS } from "../limits.ts";
import { rosterHash } from "../registry/roster.ts";
import type { CertifiedHeader, ProvenHeader } from "../session/certified.ts";
import { headerHash } from "../session/header.ts";
import {
  learnEnrollment,
  onCert,
  onEquivocation,
  onEvidence,
  onHeader,
  onOpen,
  onPeerStale,
  openHeaders,
  records,
} from "../session/oracle/index.ts";
import { type SignedVote, votesOf } from "../session/vote.ts";
import { type GossipItem, gossipItem, type PeerMessage } from "../wire/peer.ts";
import { GossipNews, type News, openName } from "./gossip-news.ts";
import { GossipPeer } from "./gossip-peer.ts";
import { itemHash, offeredItem, offeredItems } from "./offered-items.ts";
import type { Destinations, GossipSink, OracleCore } from "./oracle-core.ts";
import { InventoryOffer } from "./oracle-inventory.ts";
import type { OracleRegistry } from "./oracle-registry.ts";
import { VoteWatch } from "./vote-watch.ts";

/** Items of one gossip message, and their bytes: a message stays under the frame limit. */
const ITEMS_PER_MESSAGE = 32;
const ITEM_BYTES_PER_MESSAGE = FRAME_BYTES_MAX - 4096;
/** More than any header with its certified parent takes: those are not measured. */
const HEADER_ITEM_BYTES = 4096;
/** Less than what lies between two looks of a peer: what it names again there was not answered. */
const FETCH_EVERY_MS = GOSSIP_SETTLE_MS / 2;
const FETCHES_MAX = 10_000;

const nameOf = ({ proven }: { readonly proven: ProvenHeader }): string =>
  toHex(headerHash(proven.signed.header));

function sizeOf(item: GossipItem): number {
  if (item.kind === "head" || item.kind === "undecided") return HEADER_ITEM_BYTES;
  return encode(gossipItem, item).length;
}

/** Items in messages that each fit a frame; one message at least. */
function messagesOf(items: readonly GossipItem[]): GossipItem[][] {
  const messages: GossipItem[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    const last = messages.at(-1);
    bytes += size;
    if (last !== undefined && last.length < ITEMS_PER_MESSAGE && bytes <= ITEM_BYTES_PER_MESSAGE)
      last.push(item);
    else {
      if (last?.length === 0) last.push(item);
      else messages.push([item]);
      bytes = size;
    }
  }
  return messages;
}

/**
 * Gossip and anti-entropy (SPEC section 7): heads that moved, every stored
 * undecided header, evidence, suspensions and statements; each message shows the
 * receiver the newest vote of its own that I have seen.
 */
export class OracleGossip implements GossipSink {
  readonly #core: OracleCore;
  readonly #registry: OracleRegistry;
  readonly #offers = new Map<number, InventoryOffer>();
  /** Peers for whom something durable found no room: they are shown everything on offer again. */
  readonly #missed = new Set<number>();
  readonly #peers = new Map<number, GossipPeer>();
  readonly #news: GossipNews;
  readonly #fetched = new Map<string, number>();
  readonly #votes: VoteWatch;
  #cancel: (() => void)[] = [];

  constructor(core: OracleCore, registry: OracleRegistry) {
    this.#core = core;
    this.#registry = registry;
    this.#votes = new VoteWatch(core);
    this.#news = new GossipNews(core);
  }

  start(): void {
    const { entropy, timers } = this.#core.options;
    const jitter = ((entropy.random(1)[0] ?? 0) / 256) * 0.2 * GOSSIP_INTERVAL_MS;
    const next = timers.after(GOSSIP_INTERVAL_MS * 0.9 + jitter, () => {
      const again = timers.after(GOSSIP_SETTLE_MS, () => this.#tell(this.#news.lookAgain()));
      this.#cancel = [again];
      this.#tick();
      this.start();
    });
    this.#cancel.push(next);
  }

  stop(): void {
    for (const cancel of this.#cancel) cancel();
  }

  /** Peers that have shown me what they hold since they connected. */
  get syncedPeers(): number {
    return [...this.#peers.values()].filter((peer) => peer.synced).length;
  }

  get connectedPeers(): number {
    return this.#peers.size;
  }

  now(item: GossipItem): void {
    for (const oracle of this.#peers.keys()) if (!this.#send(oracle, [item])) this.#missed.add(oracle);
  }

  moved(instance: Hash): void {
    this.#news.moved(instance);
    const record = this.#core.view.get(records.instances, instance);
    for (const vote of record?.head === undefined ? [] : votesOf(record.head.qc)) this.#votes.saw(vote);
  }

  waits(oracle: number, headerHash: Hash): void {
    this.#peers.get(oracle)?.waits(headerHash);
  }

  votes(vote: SignedVote): void {
    this.#news.votes(vote);
  }

  voted(vote: SignedVote): void {
    this.#votes.saw(vote);
  }

  /** Asks for a certified header: the peer that spoke of an instance I do not know, otherwise all. */
  fetch(instance: Hash, seq: number, from?: number): void {
    for (const oracle of seq === 0 && from !== undefined ? [from] : this.#peers.keys())
      this.ask(oracle, instance, seq, "certified");
  }

  ask(oracle: number, instance: Hash, seq: number, what: "certified" | "open"): void {
    const key = `${toHex(instance)}/${seq}/${oracle}/${what}`;
    const now = this.#core.options.clock.monotonicMs();
    if (now - (this.#fetched.get(key) ?? Number.NEGATIVE_INFINITY) < FETCH_EVERY_MS) return;
    if (this.#fetched.size > FETCHES_MAX) this.#fetched.clear();
    if (this.#core.options.peers.send(oracle, { kind: "fetch", instance, seq })) this.#fetched.set(key, now);
  }

  onPeerUp(oracle: number): void {
    const peer = new GossipPeer();
    this.#peers.set(oracle, peer);
    this.#sendNews(oracle, peer, { heads: [], open: this.#news.open() }, true);
    this.#offer(oracle);
  }

  #offer(oracle: number): void {
    this.#offers.get(oracle)?.end();
    const offer = new InventoryOffer(this.#core, oracle);
    this.#offers.set(oracle, offer);
    offer.pump();
  }

  onPeerDown(oracle: number): void {
    this.#peers.delete(oracle);
    this.#offers.get(oracle)?.end();
    this.#offers.delete(oracle);
    this.#missed.delete(oracle);
  }

  /** True when every message found room in the peer's queue. */
  #send(oracle: number, items: readonly GossipItem[]): boolean {
    const { peers, oracle: me } = this.#core.options;
    const newestVote = this.#votes.newestOf(me);
    const yourNewestVote = this.#votes.newestOf(oracle);
    return messagesOf(items)
      .map((page) => peers.send(oracle, { kind: "gossip", newestVote, yourNewestVote, items: page }))
      .every((sent) => sent);
  }

  /**
   * Sends the heads that the peer needs and what it was not sent lately, and remembers it only where it found room; `always`:
   * also where that is nothing, because a message shows votes.
   */
  #sendNews(oracle: number, peer: GossipPeer, { heads, open }: News, always: boolean): void {
    const needed = heads.filter((head) => this.#needs(oracle, peer, head));
    const unsent = open.filter((item) => !peer.wasSent(openName(item)));
    const items = needed.map((certified): GossipItem => ({ kind: "head", certified }));
    const all = [...items, ...unsent];
    if ((all.length === 0 && !always) || !this.#send(oracle, all)) return;
    for (const item of unsent) peer.markSent(openName(item));
  }

  /** What an interval put aside, to everybody it is news to. */
  #tell(news: News): void {
    for (const [oracle, peer] of this.#peers) this.#sendNews(oracle, peer, news, false);
  }

  /**
   * Whether a peer must be shown a head. One whose vote stands in the certificate holds the header, and the workload
   * brings it the certificate; if that fails it shows the header, and gets the certificate then. Votes of an older roster
   * may be of others with the same numbers.
   */
  #needs(oracle: number, peer: GossipPeer, { signed, qc }: CertifiedHeader): boolean {
    const waited = peer.waited(headerHash(signed.header));
    const voted = qc.votes.some((vote) => vote.oracle === oracle);
    return waited || !voted || !equalBytes(qc.rosterHash, rosterHash(this.#core.newest));
  }

  #tick(): void {
    const { clock } = this.#core.options;
    this.#core.vault.expire(clock.monotonicMs());
    const news = this.#news.look();
    for (const [oracle, peer] of this.#peers) {
      peer.tick();
      this.#sendNews(oracle, peer, news, true);
      this.#askFor(oracle, peer);
      if (this.#missed.delete(oracle)) this.#offer(oracle);
      else this.#offers.get(oracle)?.pump();
    }
    this.#votes.save();
  }

  onMessage(oracle: number, message: PeerMessage): void {
    const peer = this.#peers.get(oracle);
    if (peer === undefined) return;
    switch (message.kind) {
      case "gossip":
        if (message.newestVote?.vote.oracle === oracle && peer.affords(1))
          this.#votes.shown(message.newestVote);
        if (message.yourNewestVote?.vote.oracle === this.#core.options.oracle && peer.affords(1))
          this.#votes.shown(message.yourNewestVote);
        for (const item of message.items) this.#take(oracle, peer, item);
        return;
      case "inventory":
        if (!peer.takesPage(message.page, message.pages)) return;
        peer.lack(message.hashes.filter((hash) => this.#core.view.get(offeredItems, hash) === undefined));
        if (message.page + 1 === message.pages) this.#askFor(oracle, peer);
        return;
      case "want":
        if (peer.affords(message.hashes.length)) this.#give(oracle, message.hashes);
        return;
      case "fetch":
        if (peer.affords(1)) this.#onFetch(oracle, message.instance, message.seq);
        return;
      case "fetched":
        if (peer.affords(1)) this.#onFetched(oracle, peer, message);
        return;
      default:
        return;
    }
  }

  #give(oracle: number, hashes: readonly Hash[]): void {
    const { view } = this.#core;
    this.#send(
      oracle,
      hashes.flatMap((hash) => offeredItem(view, hash) ?? []),
    );
  }

  #askFor(oracle: number, peer: GossipPeer): void {
    for (const hashes of peer.wants()) this.#core.options.peers.send(oracle, { kind: "want", hashes });
  }

  #take(oracle: number, peer: GossipPeer, item: GossipItem): void {
    if (!peer.affords(1)) return;
    try {
      this.#handle(item, this.#destinations(oracle, peer));
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      peer.unproven();
      this.#core.event({ level: "warn", event: "gossip.refused", peer: oracle, code: error.code });
    }
    if (peer.lacks) peer.got(itemHash(item));
  }

  #destinations(oracle: number, peer: GossipPeer): Destinations {
    return {
      peer: oracle,
      answerPeer: (answer) => {
        this.#send(oracle, [answer]);
      },
      unproven: () => peer.unproven(),
    };
  }

  #handle(item: GossipItem, to: Destinations): void {
    const core = this.#core;
    switch (item.kind) {
      case "head":
        return core.run((context) => onCert(context, item.certified, false), to);
      case "undecided":
        return core.run((context) => onHeader(context, item.proven.signed, item.proven.parent), to);
      case "open":
        return core.run((context) => onOpen(context, item), to);
      case "evidence":
        return core.run((context) => onEvidence(context, item.evidence), to);
      case "equivocation": {
        const roster = core.roster(item.evidence.first.vote.rosterHash);
        if (roster !== undefined) core.run((context) => onEquivocation(context, roster, item.evidence), to);
        return;
      }
      case "stale":
        return core.run((context) => onPeerStale(context, item.notice, item.enrollment), to);
      case "statement":
        return this.#registry.accept(item.statement, false, () => undefined);
      case "enrollment":
        return this.#learn(item.enrollment, item.certified, to);
    }
  }

  #learn(
    enrollment: Extract<GossipItem, { kind: "enrollment" }>["enrollment"],
    certified: Extract<GossipItem, { kind: "enrollment" }>["certified"],
    to: Destinations,
  ): void {
    if (certified === undefined) return;
    this.#core.run(
      (context) =>
        learnEnrollment(context, enrollment, certified)?.outcome() ?? {
          mutations: [],
          effects: [],
          unproven: true,
        },
      to,
    );
  }

  /**
   * Shows what I hold at a seq, certified and undecided; and of an instance that the peer does not know, everything
   * else it must know.
   */
  #onFetch(oracle: number, instance: Hash, seq: number): void {
    const { view, options } = this.#core;
    const record = view.get(records.instances, instance);
    if (record === undefined) return;
    const { head } = record;
    const certified = records.certifiedAt(view, instance, seq);
    const open = openHeaders(record).map((proven) => ({ kind: "undecided", proven }) as const);
    const asked = open.filter(({ proven }) => proven.signed.header.seq === seq);
    if (asked.length > 0 && !this.#send(oracle, asked)) this.#peers.get(oracle)?.forget(asked.map(nameOf));
    if (certified === undefined) return;
    const enrollment = seq === 0 ? view.get(records.enrollments, instance) : undefined;
    options.peers.send(oracle, { kind: "fetched", certified, enrollment });
    if (seq > 0 || head === undefined) return;
    const evidence = view.get(records.forks, instance);
    const more: GossipItem[] = evidence === undefined ? open : [{ kind: "evidence", evidence }];
    this.#send(oracle, [{ kind: "head", certified: head }, ...more]);
  }

  #onFetched(oracle: number, peer: GossipPeer, message: Extract<PeerMessage, { kind: "fetched" }>): void {
    const { certified, enrollment } = message;
    if (certified === undefined) return;
    const to = this.#destinations(oracle, peer);
    if (enrollment !== undefined) return this.#learn(enrollment, certified, to);
    this.#core.run((context) => onCert(context, certified, false), to);
  }
}
