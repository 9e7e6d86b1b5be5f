import type { OpenedAgentMessage } from "@ipse/protocol/host";
import type { AgentRequest } from "@ipse/protocol/session/workload";
import {
  encodeAgentFrame,
  encodeOracleFrame,
  encodePeerFrame,
  type OracleMessage,
  type PeerMessage,
  parseAgentFrame,
  parseOracleFrame,
  parsePeerFrame,
} from "@ipse/protocol/wire";
import type { DecisionKind, EventQueue, Prng } from "../core/index.ts";

/** How links behave. Agent links may lose, double and reorder; oracle links are ordered while they stand. */
export interface LinkProfile {
  readonly delayMsMin: number;
  readonly delayMsMean: number;
  readonly loss: number;
  readonly duplicate: number;
  /** Chance of a packet that takes ten times as long. */
  readonly reorder: number;
}

export const QUIET: LinkProfile = { delayMsMin: 1, delayMsMean: 4, loss: 0, duplicate: 0, reorder: 0 };

/** An agent's frame in flight. `sealedFor` names the one connection whose key opens `delta`. */
export interface AgentPacket {
  readonly agent: string;
  readonly oracle: number;
  readonly connection: number;
  readonly requestId: number;
  readonly message: AgentRequest;
  readonly delta: Uint8Array | undefined;
  readonly sealedFor: string;
  readonly sentMs: number;
}

export interface ReplyPacket {
  readonly to: AgentPacket;
  readonly message: OracleMessage;
}

/** Decides over a packet: let it pass, drop it, or do something else with it. */
export type Filter<T> = (packet: T) => boolean;

export interface PeerPacket {
  readonly from: number;
  readonly to: number;
  readonly message: PeerMessage;
}

/** The name of one connection: its sealing key lives and dies with it. */
export function connectionName(agent: string, oracle: number, connection: number): string {
  return `${agent}/${oracle}/${connection}`;
}

/**
 * The network: delays, loss, duplication, reordering, cuts and eavesdropping. With
 * `wire` every frame really becomes bytes and is parsed again by wire/.
 */
export class Network {
  readonly #queue: EventQueue;
  readonly #prng: Prng;
  agentLinks: LinkProfile = QUIET;
  peerLinks: LinkProfile = QUIET;
  wire = true;
  /** Packets pass only if every filter says true. */
  readonly toOracle: Filter<AgentPacket>[] = [];
  readonly toAgent: Filter<ReplyPacket>[] = [];
  readonly between: Filter<PeerPacket>[] = [];
  /** A malicious sender: changes its own frames before they leave. */
  mangle: ((packet: AgentPacket) => AgentPacket) | undefined;
  /** What a broken build would send its peers instead. */
  manglePeer: ((packet: PeerPacket) => PeerPacket) | undefined;
  /** Everything an eavesdropper would have recorded, when somebody listens. */
  captured: AgentPacket[] | undefined;
  readonly #agentArrival = new Map<string, number>();
  readonly #peerArrival = new Map<number, number>();
  frames = 0;
  /** Whether this run leaves out a fault or a delivery. */
  skips: (kind: DecisionKind, what: string) => boolean = () => false;

  constructor(queue: EventQueue, prng: Prng) {
    this.#queue = queue;
    this.#prng = prng;
  }

  #delay(profile: LinkProfile): number {
    const base = profile.delayMsMin + this.#prng.exponential(profile.delayMsMean);
    const late = profile.reorder > 0 && this.#prng.chance(profile.reorder);
    return late && !this.skips("fault", "late frame") ? base * 10 : base;
  }

  /**
   * Carries one packet over an agent link. In order, as TCP does; unless the profile
   * loses, doubles or reorders, which is harsher than TCP: then each frame is on its own.
   */
  #carry(link: string, arrive: () => void): void {
    const profile = this.agentLinks;
    this.frames++;
    const deliver = (): void => {
      if (!this.skips("delivery", link)) arrive();
    };
    if (profile.loss + profile.duplicate + profile.reorder === 0) {
      const at = Math.max(this.#queue.now + this.#delay(profile), this.#agentArrival.get(link) ?? 0);
      this.#agentArrival.set(link, at);
      this.#queue.at(at, deliver);
      return;
    }
    if (profile.loss > 0 && this.#prng.chance(profile.loss) && !this.skips("fault", `loss ${link}`)) return;
    this.#queue.after(this.#delay(profile), deliver);
    if (profile.duplicate > 0 && this.#prng.chance(profile.duplicate) && !this.skips("fault", `twin ${link}`))
      this.#queue.after(this.#delay(profile), deliver);
  }

  agentToOracle(sent: AgentPacket, deliver: (packet: AgentPacket) => void): void {
    const packet = this.mangle?.(sent) ?? sent;
    this.captured?.push(packet);
    const frame = this.wire ? encodeAgentFrame({ id: packet.requestId, message: packet.message }) : undefined;
    this.#carry(`>${packet.sealedFor}`, () => {
      if (!this.toOracle.every((pass) => pass(packet))) return;
      if (frame === undefined) return deliver(packet);
      const { message } = parseAgentFrame(frame);
      if (message.kind !== "hello") deliver({ ...packet, message });
    });
  }

  oracleToAgent(reply: ReplyPacket, deliver: (message: OracleMessage) => void): void {
    const frame = this.wire
      ? encodeOracleFrame({ id: reply.to.requestId, message: reply.message })
      : undefined;
    this.#carry(`<${reply.to.sealedFor}`, () => {
      if (!this.toAgent.every((pass) => pass(reply))) return;
      deliver(frame === undefined ? reply.message : parseOracleFrame(frame).message);
    });
  }

  /** In order and without loss while the link stands, as TCP and TLS make it. */
  peer(sent: PeerPacket, deliver: (message: PeerMessage) => void): void {
    const packet = this.manglePeer?.(sent) ?? sent;
    this.frames++;
    const link = packet.from * 100 + packet.to;
    const at = Math.max(this.#queue.now + this.#delay(this.peerLinks), this.#peerArrival.get(link) ?? 0);
    this.#peerArrival.set(link, at);
    const frame = this.wire ? encodePeerFrame(packet.message) : undefined;
    this.#queue.at(at, () => {
      if (this.skips("delivery", `o${packet.from} o${packet.to} ${packet.message.kind}`)) return;
      if (!this.between.every((pass) => pass(packet))) return;
      deliver(frame === undefined ? packet.message : parsePeerFrame(frame));
    });
  }
}

/** What the oracle's edge makes of a packet: the delta opens only on the connection it was sealed for. */
export function openPacket(packet: AgentPacket, connection: string): OpenedAgentMessage {
  const { message, delta, sealedFor } = packet;
  if (message.kind !== "step") return message;
  const { sealedDelta: _sealed, ...step } = message;
  return { ...step, delta: sealedFor === connection ? delta : undefined };
}
