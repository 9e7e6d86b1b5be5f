import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { toBase64Url } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import type { OracleNode } from "@ipse/protocol/host";
import {
  rosterToJson,
  type SignedRoster,
  type SignedStatement,
  signedStatement,
} from "@ipse/protocol/registry";
import { headerHash, SEALING_ENC_BYTES, SEALING_INFO, sealingAad } from "@ipse/protocol/session";
import {
  type AgentMessage,
  encodeOracleFrame,
  type OracleMessage,
  parseAgentFrame,
} from "@ipse/protocol/wire";
import { type WebSocket, WebSocketServer } from "ws";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});
const exact = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer;

interface Served {
  readonly roster: SignedRoster;
  readonly endpoints: () => readonly SignedStatement[];
  readonly node: () => OracleNode;
}

/** The session listener of one real oracle machine, as plain as it gets: the wire is the one of production. */
export class OracleServer {
  readonly #server: Server = createServer();
  readonly #served: Served;
  readonly #sockets = new Set<WebSocket>();
  #port = 0;

  constructor(served: Served) {
    this.#served = served;
    const wss = new WebSocketServer({ server: this.#server, path: "/v1/session" });
    wss.on("connection", (socket) => void this.#accept(socket));
    this.#server.on("request", (request, response) => {
      const { endpoints } = this.#served;
      const statements = endpoints().map((one) => toBase64Url(encode(signedStatement, one)));
      const roster = request.url?.startsWith("/v1/registry/rosters/") === true;
      response.end(roster ? rosterToJson(this.#served.roster) : JSON.stringify({ endpoints: statements }));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens where it listened before, or on another port. */
  async start(elsewhere = false): Promise<void> {
    if (elsewhere) this.#port = 0;
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Nobody reaches the oracle any more; it goes on without agents. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #accept(socket: WebSocket): Promise<void> {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const pair = suite.kem.generateKeyPair();
    let turn: Promise<void> = Promise.resolve();
    socket.on("message", (data) => {
      const { id, message } = parseAgentFrame(data as Buffer);
      const reply = (answer: OracleMessage) => socket.send(encodeOracleFrame({ id, message: answer }));
      turn = turn.then(() => this.#handle(message, pair, reply));
    });
  }

  async #handle(
    message: AgentMessage,
    pair: ReturnType<typeof suite.kem.generateKeyPair>,
    reply: (answer: OracleMessage) => void,
  ): Promise<void> {
    const node = this.#served.node();
    const { publicKey, privateKey } = await pair;
    if (message.kind === "hello") {
      const sealingKey = new Uint8Array(await suite.kem.serializePublicKey(publicKey));
      const { challenge } = message;
      const hello = { version: 1, oracle: node.oracle, bootId: node.bootId, sealingKey, challenge };
      reply({ kind: "hello", hello, signature: node.signHello(hello) });
      return;
    }
    if (message.kind !== "step") return node.onAgentMessage(message, reply);
    const { sealedDelta: sealed, ...step } = message;
    const { header } = step.signed;
    const aad = sealingAad(header.instance, header.seq, headerHash(header), node.oracle);
    const open = async (box: Uint8Array) => {
      const enc = exact(box.subarray(0, SEALING_ENC_BYTES));
      const params = { recipientKey: privateKey, enc, info: exact(SEALING_INFO) };
      return new Uint8Array(await suite.open(params, exact(box.subarray(SEALING_ENC_BYTES)), exact(aad)));
    };
    const delta = sealed === undefined ? undefined : await open(sealed).catch(() => undefined);
    node.onAgentMessage({ ...step, delta }, reply);
  }
}
