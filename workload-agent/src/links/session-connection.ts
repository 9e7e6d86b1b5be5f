import { check, equalBytes, FRAME_BYTES_MAX, IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import type { Entropy } from "@ipse/protocol/host";
import {
  type AgentMessage,
  encodeAgentFrame,
  helloInput,
  type OracleFrame,
  type OracleHello,
  parseOracleFrame,
  WIRE_VERSIONS,
} from "@ipse/protocol/wire";
import { type RawData, WebSocket } from "ws";
import { connectPinned, type SessionEndpoint, sessionPath } from "./pinned-socket.ts";

/** How long a connection may take to its HELLO, in each of its stages. */
const HANDSHAKE_MS = 10_000;
/** An oracle that does not take what we send is disconnected: the host sends again on the next connection. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;
const HELLO_ID = 0;
/** How long a closing handshake may take. */
const CLOSING_MS = 1000;

export interface SessionOptions {
  readonly oracle: number;
  readonly voteKey: Uint8Array;
  readonly endpoint: SessionEndpoint;
  readonly group: Group;
  readonly entropy: Entropy;
  readonly handshakeMs?: number;
  /** Gives up a connection that is not made yet. */
  readonly signal?: AbortSignal;
}

export interface SessionHandlers {
  onFrame(frame: OracleFrame): void;
  /** Called once, whatever ended the connection. */
  onClose(why: string): void;
}

/** One authenticated connection to one oracle. */
export interface SessionConnection {
  readonly hello: OracleHello;
  /** False when the connection is gone or does not drain. */
  send(id: number, message: AgentMessage): boolean;
  /** Sends a ping; `onPong` is called when its answer arrives. */
  ping(onPong: () => void): void;
  /** Ends the connection at once, without a closing handshake. */
  drop(why: string): void;
  /** Ends the connection after what was sent has left. */
  end(why: string): void;
}

/** Checks an oracle's HELLO: this oracle, this challenge, a version we speak, its vote key of the roster. */
export function checkHello(options: SessionOptions, challenge: Uint8Array, frame: OracleFrame): OracleHello {
  const { message } = frame;
  check(frame.id === HELLO_ID && message.kind === "hello", "ERR_LINK_HELLO", "the first answer is no HELLO");
  const { hello, signature } = message;
  check(hello.oracle === options.oracle, "ERR_LINK_HELLO", "another oracle answered");
  check(equalBytes(hello.challenge, challenge), "ERR_LINK_HELLO", "the HELLO is for another challenge");
  check(WIRE_VERSIONS.includes(hello.version), "ERR_LINK_VERSION", "no common protocol version");
  const good = options.group.ed25519.verify(options.voteKey, helloInput(hello), signature);
  check(good, "ERR_LINK_HELLO", "the HELLO is not signed by the oracle's vote key");
  return hello;
}

function bytesOf(data: RawData, isBinary: boolean): Uint8Array {
  check(isBinary && Buffer.isBuffer(data), "ERR_LINK_FRAME", "not one binary message");
  return data;
}

function websocketOn(
  socket: Awaited<ReturnType<typeof connectPinned>>,
  url: string,
  timeoutMs: number,
): WebSocket {
  const { host } = new URL(url);
  return new WebSocket(`ws://${host}${sessionPath(url)}`, {
    createConnection: () => socket,
    handshakeTimeout: timeoutMs,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    followRedirects: false,
  });
}

/** Runs `onOpen`, then hands every message to `onMessage` and the end to `onEnd`. */
class SessionSocket {
  readonly #ws: WebSocket;
  /** The first reason is the true one: ending a connection makes errors of its own. */
  #why: string | undefined;

  constructor(ws: WebSocket, onMessage: (bytes: Uint8Array) => void, onEnd: (why: string) => void) {
    this.#ws = ws;
    ws.on("message", (data, isBinary) => {
      try {
        onMessage(bytesOf(data, isBinary));
      } catch (error) {
        this.drop(error instanceof Error ? error.message : String(error));
      }
    });
    ws.on("error", (error: NodeJS.ErrnoException) => {
      this.#why ??= error.code ?? error.message;
    });
    ws.once("close", () => onEnd(this.#why ?? "closed by the oracle"));
  }

  send(id: number, message: AgentMessage): boolean {
    const ws = this.#ws;
    if (ws.readyState !== WebSocket.OPEN) return false;
    if (ws.bufferedAmount > BUFFERED_BYTES_MAX) {
      this.drop("the oracle does not read");
      return false;
    }
    ws.send(encodeAgentFrame({ id, message }));
    return true;
  }

  ping(onPong: () => void): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#ws.once("pong", onPong);
    this.#ws.ping();
  }

  drop(why: string): void {
    if (this.#ws.readyState === WebSocket.CLOSED) return;
    this.#why ??= why;
    this.#ws.terminate();
  }

  end(why: string): void {
    this.#why ??= why;
    this.#ws.close(1000);
    setTimeout(() => this.#ws.terminate(), CLOSING_MS).unref();
  }
}

/** Connects, checks the pin, exchanges HELLO; resolves with the authenticated connection. Throws ERR_LINK_*. */
export async function openSession(
  options: SessionOptions,
  handlers: SessionHandlers,
): Promise<SessionConnection> {
  const { endpoint, handshakeMs = HANDSHAKE_MS, signal } = options;
  const socket = await connectPinned(endpoint, handshakeMs, signal);
  const ws = websocketOn(socket, endpoint.sessionUrl, handshakeMs);
  const challenge = options.entropy.random(32);
  return new Promise((resolve, reject) => {
    let ready = false;
    const onMessage = (bytes: Uint8Array): void => {
      const frame = parseOracleFrame(bytes);
      if (ready) {
        handlers.onFrame(frame);
        return;
      }
      const hello = checkHello(options, challenge, frame);
      ready = true;
      clearTimeout(timer);
      resolve({
        hello,
        send: (id, message) => session.send(id, message),
        ping: (onPong) => session.ping(onPong),
        drop: (why) => session.drop(why),
        end: (why) => session.end(why),
      });
    };
    const session = new SessionSocket(ws, onMessage, (why) => {
      clearTimeout(timer);
      if (ready) handlers.onClose(why);
      else reject(new IpseError("ERR_LINK_CONNECT", `${endpoint.sessionUrl}: ${why}`));
    });
    const timer = setTimeout(() => session.drop("no HELLO in time"), handshakeMs);
    signal?.addEventListener("abort", () => session.drop("stopped"), { once: true });
    ws.once("open", () => session.send(HELLO_ID, { kind: "hello", versions: [...WIRE_VERSIONS], challenge }));
  });
}
