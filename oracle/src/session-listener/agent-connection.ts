import type { Duplex } from "node:stream";
import { check, errorCode, IpseError } from "@ipse/protocol";
import { type OpenedAgentMessage, type OracleNode, TokenBucket } from "@ipse/protocol/host";
import {
  type AgentFrame,
  type AgentMessage,
  type OracleMessage,
  oracleFrameForCopying,
  parseAgentFrame,
  WIRE_VERSIONS,
} from "@ipse/protocol/wire";
import type { Logger } from "pino";
import { type RawData, WebSocket } from "ws";
import type { Limits } from "../config/index.ts";
import { systemClock } from "../ports/system.ts";
import { binaryFrame } from "./binary-frame.ts";
import { newSealingKey, openDelta, type SealingKey } from "./hpke.ts";

export interface AgentConnectionOptions {
  readonly node: OracleNode;
  readonly limits: Limits;
  readonly log: Logger;
  readonly helloMs: number;
  readonly pingMs: number;
  /** After this the connection and its sealing key end. */
  readonly lifetimeMs: number;
}

type Hello = Extract<AgentMessage, { kind: "hello" }>;
type Step = Extract<AgentMessage, { kind: "step" }>;
type Reply = (message: OracleMessage) => void;

/** Close codes of RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const POLICY = 1008;
/** Bytes that may wait for a slow reader before nothing more is read from it. */
const PAUSE_BYTES = 1024 * 1024;
/** How long replies may take once the connection's time is over. */
const DRAIN_MS = 5_000;
/** BUSY answers in a row after which a client that does not slow down is cut. */
const BUSY_MAX = 1_000;

function refusal(code: string, message: string, retryAfterMs = 0): OracleMessage {
  return { kind: "refused", code, message: message.slice(0, 200), retryAfterMs, proof: undefined };
}

/** What the oracle is given: a STEP with its A_i as far as it could be opened, everything else as it came. */
function opened(message: Exclude<AgentMessage, Hello>, delta: Uint8Array | undefined): OpenedAgentMessage {
  if (message.kind !== "step") return message;
  const { kind, signed, body, parent } = message;
  return { kind, signed, body, parent, delta };
}

/** The request's id, readable even where the rest is not (wire/session.ts: the first field). */
function idOf(bytes: Uint8Array): number {
  return bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

/**
 * One agent's connection: HELLO first, then requests, answered in any order. Everything is bounded; whoever
 * sends what no agent sends is told why and cut off.
 */
export class AgentConnection {
  readonly #socket: WebSocket;
  /** What the socket writes to. Nothing waits in the socket itself, as nothing is compressed, so what is written here keeps its order. */
  readonly #wire: Duplex;
  readonly #options: AgentConnectionOptions;
  readonly #rate: TokenBucket;
  readonly #timers: NodeJS.Timeout[] = [];
  #key: SealingKey | undefined;
  #greeted = false;
  #alive = true;
  #draining = false;
  #inflight = 0;
  #busy = 0;
  /** Frames are handled in the order in which they came: while one waits (for its delta to open), the others queue. */
  readonly #queue: AgentFrame[] = [];
  #waits = false;

  constructor(socket: WebSocket, wire: Duplex, options: AgentConnectionOptions) {
    this.#socket = socket;
    this.#wire = wire;
    this.#options = options;
    const { limits, helloMs, pingMs, lifetimeMs } = options;
    this.#rate = new TokenBucket(
      limits.frames_per_second,
      2 * limits.frames_per_second,
      systemClock.monotonicMs,
    );
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("pong", () => {
      this.#alive = true;
    });
    socket.on("error", (error) => options.log.debug({ err: error }, "session.socket-error"));
    socket.once("close", () => this.#onClose());
    const hello = (): void => {
      if (!this.#greeted) this.#abuse("ERR_HELLO_TIMEOUT", "no HELLO in time");
    };
    this.#timers.push(
      setTimeout(hello, helloMs),
      setInterval(() => this.#ping(), pingMs),
    );
    this.#timers.push(setTimeout(() => this.drain(), lifetimeMs));
    for (const timer of this.#timers) timer.unref();
  }

  /** Takes nothing more, lets what is being answered finish, closes. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (this.#inflight === 0) this.#socket.close(GOING_AWAY, "reconnect");
    const cut = setTimeout(() => this.#socket.terminate(), DRAIN_MS);
    cut.unref();
    this.#timers.push(cut);
  }

  #onClose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#key = undefined;
    this.#draining = true;
  }

  #ping(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #send(id: number, message: OracleMessage): void {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > this.#options.limits.buffered_bytes_max) {
      socket.terminate();
      return;
    }
    this.#wire.write(binaryFrame(oracleFrameForCopying({ id, message })), () => {
      if (socket.isPaused && socket.bufferedAmount <= PAUSE_BYTES) socket.resume();
    });
    if (socket.bufferedAmount > PAUSE_BYTES) socket.pause();
  }

  #abuse(code: string, message: string, id = 0): void {
    this.#draining = true;
    this.#send(id, refusal(code, message));
    this.#socket.close(POLICY, code.slice(0, 100));
    const cut = setTimeout(() => this.#socket.terminate(), 1_000);
    cut.unref();
    this.#timers.push(cut);
    this.#options.log.debug({ code }, "session.abuse");
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#draining) return;
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.#abuse("ERR_FRAME_TYPE", "frames are binary messages");
      return;
    }
    const full = this.#inflight >= this.#options.limits.inflight_per_connection;
    if (full || !this.#rate.take()) {
      this.#busy++;
      if (this.#busy > BUSY_MAX) this.#abuse("ERR_BUSY", "too many requests", idOf(data));
      else
        this.#send(
          idOf(data),
          refusal("ERR_BUSY", full ? "too many unanswered requests" : "too many requests", 1_000),
        );
      return;
    }
    this.#busy = 0;
    let frame: AgentFrame;
    try {
      frame = parseAgentFrame(data);
      check(this.#greeted !== (frame.message.kind === "hello"), "ERR_HELLO", "HELLO comes first, and once");
    } catch (error) {
      this.#abuse(errorCode(error), error instanceof IpseError ? error.message : "not a frame", idOf(data));
      return;
    }
    this.#greeted = true;
    this.#inflight++;
    this.#queue.push(frame);
    this.#next();
  }

  #next(): void {
    while (!this.#waits) {
      const frame = this.#queue.shift();
      if (frame === undefined) return;
      this.#handle(frame);
    }
  }

  /** Answers one frame, at once where nothing is to be waited for. */
  #handle(frame: AgentFrame): void {
    const reply = this.#replyTo(frame);
    try {
      const { message } = frame;
      if (message.kind === "hello") this.#wait(this.#greet(frame.id, message, reply), reply);
      else if (message.kind === "step" && message.sealedDelta !== undefined)
        this.#wait(this.#openStep(message, message.sealedDelta, reply), reply);
      else this.#options.node.onAgentMessage(opened(message, undefined), reply);
    } catch (error) {
      this.#failed(error, reply);
    }
  }

  /** Counts once however often it is called. */
  #replyTo(frame: AgentFrame): Reply {
    let answered = false;
    return (message) => {
      if (answered) return;
      answered = true;
      this.#inflight--;
      this.#send(frame.id, message);
      if (this.#draining && this.#inflight === 0) this.#socket.close(GOING_AWAY, "reconnect");
    };
  }

  #failed(error: unknown, reply: Reply): void {
    const known = error instanceof IpseError;
    if (!known) this.#options.log.error({ err: error }, "session.failed");
    reply(refusal(errorCode(error), known ? error.message : "internal error"));
  }

  #wait(work: Promise<void>, reply: Reply): void {
    this.#waits = true;
    const done = (): void => {
      this.#waits = false;
      this.#next();
    };
    void work.catch((error: unknown) => this.#failed(error, reply)).then(done);
  }

  async #greet(id: number, { versions, challenge }: Hello, reply: Reply): Promise<void> {
    const version = Math.max(...versions.filter((one) => WIRE_VERSIONS.includes(one)), 0);
    if (version === 0) {
      this.#abuse("ERR_VERSION", `this oracle speaks versions ${WIRE_VERSIONS.join(", ")}`, id);
      return;
    }
    const { node } = this.#options;
    const key = await newSealingKey();
    this.#key = key;
    const hello = { version, oracle: node.oracle, bootId: node.bootId, sealingKey: key.publicKey, challenge };
    reply({ kind: "hello", hello, signature: node.signHello(hello) });
  }

  async #openStep(message: Step, sealed: Uint8Array, reply: Reply): Promise<void> {
    const { node } = this.#options;
    const key = this.#key;
    const delta =
      key === undefined ? undefined : await openDelta(key, sealed, message.signed.header, node.oracle);
    node.onAgentMessage(opened(message, delta), reply);
  }
}
