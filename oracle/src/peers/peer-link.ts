import type { Duplex } from "node:stream";
import { errorCode } from "@ipse/protocol";
import { TokenBucket } from "@ipse/protocol/host";
import { encodePeerFrame, type PeerMessage, parsePeerFrame } from "@ipse/protocol/wire";
import type { Logger } from "pino";
import { type RawData, WebSocket } from "ws";
import type { Limits } from "../config/index.ts";
import { systemClock } from "../ports/system.ts";
import { type HandshakeOptions, PeerHandshake } from "./handshake.ts";

export interface PeerLinkOptions {
  readonly handshake: Omit<HandshakeOptions, "send">;
  readonly limits: Limits;
  readonly log: Logger;
  readonly handshakeMs: number;
  readonly pingMs: number;
  /** The peer has proven who it is. */
  readonly onUp: (oracle: number, link: PeerLink) => void;
  readonly onMessage: (oracle: number, message: PeerMessage) => void;
  /** What carries the WebSocket: messages of one turn of the event loop leave together in one write. */
  readonly wire?: Duplex | undefined;
  /** Called once; `oracle` is undefined when the peer never proved itself. */
  readonly onDown: (oracle: number | undefined, link: PeerLink) => void;
}

const POLICY = 1008;

/** One connection with another oracle, from handshake to close. */
export class PeerLink {
  readonly #socket: WebSocket;
  readonly #options: PeerLinkOptions;
  readonly #handshake: PeerHandshake;
  readonly #bytes: TokenBucket;
  readonly #timers: NodeJS.Timeout[] = [];
  #oracle: number | undefined;
  #alive = true;
  #closed = false;
  #gathering = false;

  /** `socket` is open. */
  constructor(socket: WebSocket, options: PeerLinkOptions) {
    this.#socket = socket;
    this.#options = options;
    const { limits, handshakeMs, pingMs } = options;
    this.#bytes = new TokenBucket(
      limits.peer_bytes_per_second,
      2 * limits.peer_bytes_per_second,
      systemClock.monotonicMs,
    );
    socket.on("message", (data, isBinary) => this.#onFrame(data, isBinary));
    socket.on("pong", () => {
      this.#alive = true;
    });
    socket.on("error", (error) => options.log.debug({ err: error }, "peer.socket-error"));
    socket.once("close", () => this.#onClose());
    const slow = (): void => {
      if (this.#oracle === undefined) this.#cut("ERR_PEER_TIMEOUT");
    };
    this.#timers.push(
      setTimeout(slow, handshakeMs),
      setInterval(() => this.#ping(), pingMs),
    );
    for (const timer of this.#timers) timer.unref();
    this.#handshake = new PeerHandshake({ ...options.handshake, send: (message) => void this.send(message) });
  }

  /** False when the link is down or its queue full. */
  send(message: PeerMessage): boolean {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount > this.#options.limits.buffered_bytes_max) return false;
    this.#gather();
    socket.send(encodePeerFrame(message));
    return true;
  }

  /** Holds writes back until this turn of the event loop is over: a write for each costs more than the message. */
  #gather(): void {
    const { wire } = this.#options;
    if (wire === undefined || this.#gathering) return;
    this.#gathering = true;
    wire.cork();
    setImmediate(() => {
      this.#gathering = false;
      wire.uncork();
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#options.onDown(this.#oracle, this);
  }

  #ping(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #cut(code: string, error?: unknown): void {
    const { log } = this.#options;
    log.warn({ code, oracle: this.#oracle, ...(error === undefined ? {} : { err: error }) }, "peer.cut");
    this.#socket.close(POLICY, code.slice(0, 100));
    const end = setTimeout(() => this.#socket.terminate(), 1_000);
    end.unref();
    this.#timers.push(end);
  }

  #onFrame(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.#cut("ERR_FRAME_TYPE");
      return;
    }
    this.#throttle(data.length);
    try {
      this.#deliver(parsePeerFrame(data));
    } catch (error) {
      this.#cut(errorCode(error), error);
    }
  }

  /** A peer that sends faster than its budget is read more slowly; nothing it sent is lost. */
  #throttle(bytes: number): void {
    const waitMs = this.#bytes.spend(bytes);
    if (waitMs === 0 || this.#socket.isPaused) return;
    this.#socket.pause();
    const resume = setTimeout(() => this.#socket.resume(), waitMs);
    resume.unref();
  }

  #deliver(message: PeerMessage): void {
    if (this.#oracle !== undefined) {
      if (message.kind === "hello" || message.kind === "proof") this.#cut("ERR_PEER_HANDSHAKE");
      else this.#options.onMessage(this.#oracle, message);
      return;
    }
    const proven = this.#handshake.onMessage(message);
    if (proven === undefined) return;
    this.#oracle = proven;
    this.#options.onUp(proven, this);
  }
}
