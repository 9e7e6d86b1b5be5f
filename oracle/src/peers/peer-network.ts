import type { Duplex } from "node:stream";
import { FRAME_BYTES_MAX } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import type { Entropy, OracleNode, PeerLinks } from "@ipse/protocol/host";
import type { Roster } from "@ipse/protocol/registry";
import type { PeerMessage } from "@ipse/protocol/wire";
import type { Logger } from "pino";
import { WebSocket } from "ws";
import type { Limits } from "../config/index.ts";
import { Backoff, connectPinned } from "../links/index.ts";
import { Announcer } from "./announcer.ts";
import { PeerLink } from "./peer-link.ts";

export interface PeerNetworkOptions {
  readonly oracle: number;
  readonly group: Group;
  readonly entropy: Entropy;
  readonly rosters: readonly Roster[];
  readonly limits: Limits;
  readonly log: Logger;
  readonly handshakeMs?: number;
  readonly pingMs?: number;
  readonly backoffMaxMs?: number;
  /** How long a lower id may take to dial before it is told where this oracle is. */
  readonly patienceMs?: number;
}

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 3_000;
const PATIENCE_MS = 5_000;
const PATIENCE_MAX_MS = 60_000;
/** Peers that dialed us and have not proven themselves yet. */
const STRANGERS_MAX = 64;

/** Links with every other oracle of the newest roster: the lower id dials, a proven link replaces an older one. */
export class PeerNetwork implements PeerLinks {
  readonly #options: PeerNetworkOptions;
  readonly #up = new Map<number, PeerLink>();
  readonly #strangers = new Set<PeerLink>();
  readonly #waits = new Map<number, NodeJS.Timeout>();
  #node: OracleNode | undefined;
  #announcer: Announcer | undefined;
  #stopped = false;

  constructor(options: PeerNetworkOptions) {
    this.#options = options;
  }

  /** Starts dialing. Links are reported to `node`; endpoints come from its registry. */
  start(node: OracleNode): void {
    this.#node = node;
    const { rosters, oracle, log, backoffMaxMs = BACKOFF_MAX_MS, patienceMs = PATIENCE_MS } = this.#options;
    const ids = (rosters.at(-1)?.oracles ?? []).map(({ id }) => id);
    for (const id of ids) if (id > oracle) this.#dialAgain(id, new Backoff(BACKOFF_MIN_MS, backoffMaxMs), 0);
    this.#announcer = new Announcer({
      node,
      log,
      missing: () => ids.filter((id) => id < oracle && !this.#up.has(id)),
      minMs: patienceMs,
      maxMs: Math.max(patienceMs, PATIENCE_MAX_MS),
    });
    this.#announcer.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#announcer?.stop();
    for (const wait of this.#waits.values()) clearTimeout(wait);
    for (const link of [...this.#up.values(), ...this.#strangers]) link.close();
  }

  get connected(): readonly number[] {
    return [...this.#up.keys()].sort((a, b) => a - b);
  }

  send(oracle: number, message: PeerMessage): boolean {
    return this.#up.get(oracle)?.send(message) ?? false;
  }

  /** A connection at /v1/peer, and what carries it. */
  accept(socket: WebSocket, wire?: Duplex): void {
    if (this.#stopped || this.#node === undefined || this.#strangers.size >= STRANGERS_MAX)
      socket.terminate();
    else this.#link(socket, wire, undefined, () => {});
  }

  #link(
    socket: WebSocket,
    wire: Duplex | undefined,
    expected: number | undefined,
    ended: (wasUp: boolean) => void,
  ): void {
    const node = this.#node;
    if (node === undefined) return socket.terminate();
    const {
      group,
      oracle,
      rosters,
      entropy,
      limits,
      log,
      handshakeMs = 10_000,
      pingMs = 10_000,
    } = this.#options;
    const challenge = entropy.random(32);
    const sign = (input: Uint8Array): Uint8Array => node.signPeerProof(input);
    const link = new PeerLink(socket, {
      handshake: { group, oracle, rosters, expected, challenge, sign },
      wire,
      limits,
      log,
      handshakeMs,
      pingMs,
      onUp: (id, up) => this.#onUp(node, id, up),
      onMessage: (id, message) => node.onPeerMessage(id, message),
      onDown: (id, down) => {
        this.#onDown(node, id, down);
        ended(id !== undefined);
      },
    });
    if (expected === undefined) this.#strangers.add(link);
  }

  #onUp(node: OracleNode, id: number, link: PeerLink): void {
    this.#strangers.delete(link);
    const old = this.#up.get(id);
    if (old !== undefined) {
      this.#up.delete(id);
      node.onPeerDown(id);
      old.close();
    }
    this.#up.set(id, link);
    this.#options.log.info({ peer: id }, "peer.up");
    node.onPeerUp(id);
  }

  #onDown(node: OracleNode, id: number | undefined, link: PeerLink): void {
    this.#strangers.delete(link);
    if (id === undefined || this.#up.get(id) !== link) return;
    this.#up.delete(id);
    this.#options.log.info({ peer: id }, "peer.down");
    node.onPeerDown(id);
  }

  #dialAgain(id: number, backoff: Backoff, waitMs = backoff.takeMs()): void {
    if (this.#stopped) return;
    const wait = setTimeout(() => void this.#dial(id, backoff), waitMs);
    wait.unref();
    this.#waits.set(id, wait);
  }

  async #dial(id: number, backoff: Backoff): Promise<void> {
    try {
      const { socket, wire } = await this.#connect(id);
      if (this.#stopped) return socket.terminate();
      this.#link(socket, wire, id, (wasUp) => {
        if (wasUp) backoff.reset();
        this.#dialAgain(id, backoff);
      });
    } catch (error) {
      this.#options.log.debug({ err: error, peer: id }, "peer.unreachable");
      this.#dialAgain(id, backoff);
    }
  }

  /** Resolves with an open WebSocket over a connection whose pin held. */
  async #connect(id: number): Promise<{ readonly socket: WebSocket; readonly wire: Duplex }> {
    const endpoint = this.#node?.endpoint(id);
    if (endpoint === undefined) throw new Error(`no endpoint of oracle ${id} is known`);
    const timeoutMs = this.#options.handshakeMs ?? 10_000;
    const connection = await connectPinned(endpoint, timeoutMs);
    const { host } = new URL(endpoint.sessionUrl);
    const socket = new WebSocket(`ws://${host}/v1/peer`, {
      createConnection: () => connection,
      handshakeTimeout: timeoutMs,
      maxPayload: FRAME_BYTES_MAX,
      perMessageDeflate: false,
      followRedirects: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.on("error", reject);
    });
    return { socket, wire: connection };
  }
}
