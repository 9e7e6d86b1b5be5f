import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { portableGroup } from "@ipse/protocol/group";
import {
  type AgentFrame,
  encodeOracleFrame,
  helloInput,
  type OracleHello,
  type OracleMessage,
  parseAgentFrame,
} from "@ipse/protocol/wire";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

export interface StubOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly port?: number;
  /** Changes the HELLO before it is signed. */
  readonly twist?: (hello: OracleHello) => OracleHello;
  readonly signWith?: Uint8Array;
  readonly silent?: boolean;
  readonly sealingKey?: Uint8Array;
}

export const VOTE_SEED = new Uint8Array(32).fill(7);
export const VOTE_KEY = portableGroup.ed25519.publicKey(VOTE_SEED);

/** One oracle's session listener as far as the agent's links see it: HELLO, then whatever the test says. */
export class OracleStub {
  readonly #server: Server;
  readonly #options: StubOptions;
  readonly sockets: WebSocket[] = [];
  readonly frames: AgentFrame[] = [];
  /** TCP connections on which anything at all was received. */
  connections = 0;
  onFrame: (frame: AgentFrame, reply: (message: OracleMessage) => void) => void = () => {};

  private constructor(options: StubOptions) {
    this.#options = options;
    this.#server = options.tls === undefined ? createHttp() : createHttps(options.tls);
    const wss = new WebSocketServer({ server: this.#server, path: "/v1/session", perMessageDeflate: false });
    wss.on("connection", (socket) => this.#accept(socket));
    this.#server.on("request", (_request, response) => response.writeHead(404).end());
    this.#server.on("upgrade", () => this.connections++);
  }

  static async start(options: StubOptions = {}): Promise<OracleStub> {
    const stub = new OracleStub(options);
    await new Promise<void>((resolve) => stub.#server.listen(options.port ?? 0, "127.0.0.1", resolve));
    onTestFinished(() => stub.stop());
    return stub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "ws" : "wss"}://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: WebSocket): void {
    this.sockets.push(socket);
    socket.on("message", (data) => {
      const frame = parseAgentFrame(data as Buffer);
      const reply = (message: OracleMessage) => socket.send(encodeOracleFrame({ id: frame.id, message }));
      if (frame.message.kind === "hello") this.#greet(frame.message.challenge, reply);
      else {
        this.frames.push(frame);
        this.onFrame(frame, reply);
      }
    });
  }

  #greet(challenge: Uint8Array, reply: (message: OracleMessage) => void): void {
    const { twist = (one) => one, signWith = VOTE_SEED, silent = false, sealingKey } = this.#options;
    const hello = twist({
      version: 1,
      oracle: 1,
      bootId: new Uint8Array(16),
      sealingKey: sealingKey ?? new Uint8Array(32).fill(9),
      challenge,
    });
    if (!silent)
      reply({ kind: "hello", hello, signature: portableGroup.ed25519.sign(signWith, helloInput(hello)) });
  }
}
