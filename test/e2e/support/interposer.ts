import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeOracleFrame, type OracleFrame, parseOracleFrame } from "@ipse/protocol/wire";

/** What an interposed oracle does to its agents; both may change at any time. */
export interface Manners {
  delayMs: number;
  /** Answers with signature shares that are wrong by one bit. */
  lies: boolean;
}

const BINARY_FINAL = 0x82;

/** Where the payload of a server's WebSocket frame (RFC 6455 section 5.2, unmasked) starts and ends. */
function frameBounds(buffer: Buffer): { readonly start: number; readonly end: number } | undefined {
  if (buffer.length < 2) return undefined;
  const short = buffer.readUInt8(1);
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (buffer.length < start) return undefined;
  const length =
    short === 127 ? Number(buffer.readBigUInt64BE(2)) : short === 126 ? buffer.readUInt16BE(2) : short;
  return buffer.length < start + length ? undefined : { start, end: start + length };
}

function spoil({ id, message }: OracleFrame): OracleFrame | undefined {
  if (message.kind !== "shares") return undefined;
  const results = message.results.map((result) => {
    if (result.kind !== "share") return result;
    const z = result.z.slice();
    z[0] = (z[0] ?? 0) ^ 1;
    return { ...result, z };
  });
  return { id, message: { ...message, results } };
}

/** Stands on an oracle's address in front of the oracle: a slow or lying oracle, as far as agents can tell. */
export class Interposer {
  readonly manners: Manners = { delayMs: 0, lies: false };
  /** How many answers it spoiled. */
  lied = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(port: number, target: number): Promise<Interposer> {
    const interposer = new Interposer(target);
    await new Promise<void>((resolve, reject) => {
      interposer.#server.once("error", reject);
      interposer.#server.listen(port, "127.0.0.1", resolve);
    });
    return interposer;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.once("data", (first: Buffer) => {
      const session = first.toString("latin1").startsWith("GET /v1/session");
      server.write(first);
      client.on("data", (chunk: Buffer) => server.write(chunk));
      if (session) this.#meddle(server, client);
      else server.pipe(client);
    });
  }

  /** Hands on what the oracle says to an agent, frame by frame and in order. */
  #meddle(server: Socket, client: Socket): void {
    let held = Buffer.alloc(0);
    let upgraded = false;
    let tail: Promise<void> = Promise.resolve();
    const send = (bytes: Buffer): void => {
      const dueMs = performance.now() + this.manners.delayMs;
      tail = tail.then(async () => {
        const leftMs = dueMs - performance.now();
        if (leftMs > 0) await sleep(leftMs);
        if (!client.destroyed) client.write(bytes);
      });
    };
    server.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      if (!upgraded) {
        const end = held.indexOf("\r\n\r\n");
        if (end < 0) return;
        upgraded = true;
        send(held.subarray(0, end + 4));
        held = held.subarray(end + 4);
      }
      for (let bounds = frameBounds(held); bounds !== undefined; bounds = frameBounds(held)) {
        send(this.#frame(held.subarray(0, bounds.end), bounds.start));
        held = held.subarray(bounds.end);
      }
    });
  }

  #frame(frame: Buffer, start: number): Buffer {
    if (!this.manners.lies || frame[0] !== BINARY_FINAL) return frame;
    const spoiled = spoil(parseOracleFrame(frame.subarray(start)));
    if (spoiled === undefined) return frame;
    this.lied++;
    // A wrong bit changes no length, so the frame's head stays as it is.
    return Buffer.concat([frame.subarray(0, start), encodeOracleFrame(spoiled)]);
  }
}
