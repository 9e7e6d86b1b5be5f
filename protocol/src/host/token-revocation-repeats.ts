import type { TokenRevocation } from "../issuer/index.ts";
import type { OracleCore } from "./oracle-core.ts";
import type { ScannedTable } from "./table.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a peer is told beyond what this oracle's own clients say. */
export const REPEATED = { perSecond: 40, burst: 4_096 };
const TURN_MS = 250;
const ROWS = 64;

/** One connected peer, and how far it was shown everything. */
interface Peer {
  readonly bucket: TokenBucket;
  connected: boolean;
  /** Shown up to here; undefined: nothing yet. */
  after: Uint8Array | undefined;
  showing: boolean;
  /** Something found no room meanwhile: all of it once more. */
  missed: boolean;
}

/**
 * Shows peers the revocations they may not have: everything when they connect, and again when something found no room,
 * at a pace that they read (the receiver's bound is twice this).
 */
export class RevocationRepeats {
  readonly #core: OracleCore;
  readonly #table: ScannedTable<TokenRevocation>;
  readonly #peers = new Map<number, Peer>();
  #cancel: (() => void) | undefined;

  constructor(core: OracleCore, table: ScannedTable<TokenRevocation>) {
    this.#core = core;
    this.#table = table;
  }

  stop(): void {
    this.#cancel?.();
    this.#peers.clear();
  }

  /** Everything, from the beginning. */
  all(oracle: number): void {
    const peer = this.#peer(oracle);
    peer.connected = true;
    peer.after = undefined;
    peer.showing = true;
    peer.missed = false;
    this.#turn();
  }

  end(oracle: number): void {
    const peer = this.#peer(oracle);
    peer.connected = false;
    peer.showing = false;
  }

  /** A client of this oracle said so just now. */
  first(oracle: number, revocation: TokenRevocation): void {
    if (!this.#send(oracle, revocation)) this.#miss(oracle);
  }

  /** Another peer said so. */
  again(oracle: number, revocation: TokenRevocation): void {
    const { bucket } = this.#peer(oracle);
    if (!bucket.take() || !this.#send(oracle, revocation)) this.#miss(oracle);
  }

  #peer(oracle: number): Peer {
    const known = this.#peers.get(oracle);
    if (known !== undefined) return known;
    const { clock } = this.#core.options;
    // Kept while it is away: who reconnects may have read what was sent before.
    const bucket = new TokenBucket(REPEATED.perSecond, REPEATED.burst, () => clock.monotonicMs());
    const peer = { bucket, connected: false, after: undefined, showing: false, missed: false };
    this.#peers.set(oracle, peer);
    return peer;
  }

  #send(oracle: number, revocation: TokenRevocation): boolean {
    return this.#core.options.peers.send(oracle, { kind: "tokenRevoked", ...revocation });
  }

  /** Who is away is shown everything when it is back. */
  #miss(oracle: number): void {
    const peer = this.#peer(oracle);
    if (!peer.connected) return;
    peer.missed = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel ??= this.#core.options.timers.after(TURN_MS, () => {
      this.#cancel = undefined;
      this.#turn();
    });
  }

  #turn(): void {
    for (const [oracle, peer] of this.#peers) {
      if (!peer.showing && peer.missed) {
        peer.missed = false;
        peer.after = undefined;
        peer.showing = true;
      }
      while (peer.showing && this.#page(oracle, peer));
    }
    if ([...this.#peers.values()].some(({ showing, missed, connected }) => connected && (showing || missed)))
      this.#schedule();
  }

  /** Sends the next rows; false when there are no more, or no room for more now. */
  #page(oracle: number, peer: Peer): boolean {
    const { view, options } = this.#core;
    const rows = view.scan(this.#table, ROWS, undefined, peer.after);
    for (const [key, revocation] of rows) {
      const counts = revocation.expMs > options.clock.nowMs();
      if (counts && !(peer.bucket.take() && this.#send(oracle, revocation))) return false;
      peer.after = key;
    }
    peer.showing = rows.length === ROWS;
    return peer.showing;
  }
}
