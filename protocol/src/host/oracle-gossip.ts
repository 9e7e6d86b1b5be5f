import { equalBytes, toHex } from "../bytes.ts";
import { encode, type Hash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import { FRAME_BYTES_MAX, GOSSIP_INTERVAL_MS } from "../limits.ts";
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
import { GossipPeer } from "./gossip-peer.ts";
import { itemHash, offeredItem, offeredItems } from "./offered-items.ts";
import type { Destinations, GossipSink, OracleCore } from "./oracle-core.ts";
import { InventoryOffer } from "./oracle-inventory.ts";
import type { OracleRegistry } from "./oracle-registry.ts";
import { type Mutation, remove } from "./table.ts";
import { VoteWatch } from "./vote-watch.ts";

/** Items of one gossip message, and their bytes: a message stays under the frame limit. */
const ITEMS_PER_MESSAGE = 32;
const ITEM_BYTES_PER_MESSAGE = FRAME_BYTES_MAX - 4096;
/** More than any header with its certified parent takes: those are not measured. */
const HEADER_ITEM_BYTES = 4096;
const FETCH_EVERY_MS = 1000;
const FETCHES_MAX = 10_000;
const OPEN_SCAN_LIMIT = 512;
/** Far more pages than instances can take a step in an interval. */
const OPEN_PAGES_MAX = 64;

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
  readonly #moved = new Map<string, Hash>();
  readonly #fetched = new Map<string, number>();
  readonly #votes: VoteWatch;
  /** Where the next look at the open instances begins: however many there are, each has its turn. */
  #openCursor: Uint8Array | undefined;
  #cancel: (() => void) | undefined;

  constructor(core: OracleCore, registry: OracleRegistry) {
    this.#core = core;
    this.#registry = registry;
    this.#votes = new VoteWatch(core);
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
    for (const oracle of this.#peers.keys()) if (!this.#send(oracle, [item])) this.#missed.add(oracle);
  }

  moved(instance: Hash): void {
    this.#moved.set(toHex(instance), instance);
    const record = this.#core.view.get(records.instances, instance);
    for (const vote of record?.head === undefined ? [] : votesOf(record.head.qc)) this.#votes.saw(vote);
  }

  waits(oracle: number, headerHash: Hash): void {
    this.#peers.get(oracle)?.waits(headerHash);
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
    this.#sendOpen(oracle, peer, this.#openItems());
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
   * Names of the undecided headers of the next instances that have any. Those that settled since they were listed are
   * passed over and dropped: there are as many as took a step lately, and none of them may keep an undecided one waiting.
   */
  #openItems(): [name: string, item: GossipItem][] {
    const { view } = this.#core;
    const items: [string, GossipItem][] = [];
    const settled: Mutation[] = [];
    let visited = 0;
    for (let page = 0; page < OPEN_PAGES_MAX && visited < OPEN_SCAN_LIMIT; page++) {
      const rows = view.scan(records.openIndex, OPEN_SCAN_LIMIT, undefined, this.#openCursor);
      for (const [key] of rows) {
        const record = view.get(records.instances, key);
        const open = record === undefined || record.status === "revoked" ? [] : openHeaders(record);
        if (open.length === 0) settled.push(remove(records.openIndex, key));
        else visited += 1;
        for (const { signed } of open) {
          const { header } = signed;
          const hash = headerHash(header);
          items.push([toHex(hash), { kind: "open", instance: key, seq: header.seq, headerHash: hash }]);
        }
        this.#openCursor = key;
        if (visited >= OPEN_SCAN_LIMIT) break;
      }
      if (rows.length === OPEN_SCAN_LIMIT) continue;
      if (visited < OPEN_SCAN_LIMIT) this.#openCursor = undefined;
      break;
    }
    if (settled.length > 0) view.submit(settled, () => undefined);
    return items;
  }

  /** Sends what the peer was not sent lately, and remembers it only where it found room. */
  #sendOpen(
    oracle: number,
    peer: GossipPeer,
    open: readonly (readonly [string, GossipItem])[],
    moved: readonly GossipItem[] = [],
  ): void {
    const news = open.filter(([name]) => !peer.wasSent(name));
    if (!this.#send(oracle, [...moved, ...news.map(([, item]) => item)])) return;
    for (const [name] of news) peer.markSent(name);
  }

  #movedHeads(): CertifiedHeader[] {
    const heads: CertifiedHeader[] = [];
    for (const [key, instance] of this.#moved) {
      if (heads.length >= OPEN_SCAN_LIMIT) break;
      this.#moved.delete(key);
      const head = this.#core.view.get(records.instances, instance)?.head;
      if (head !== undefined) heads.push(head);
    }
    return heads;
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
    const moved = this.#movedHeads();
    const open = this.#openItems();
    for (const [oracle, peer] of this.#peers) {
      peer.tick();
      const heads = moved.filter((head) => this.#needs(oracle, peer, head));
      const items = heads.map((certified): GossipItem => ({ kind: "head", certified }));
      this.#sendOpen(oracle, peer, open, items);
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
