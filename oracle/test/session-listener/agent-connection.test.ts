import { randomBytes } from "node:crypto";
import { FRAME_BYTES_MAX } from "@ipse/protocol";
import type { Header } from "@ipse/protocol/session";
import {
  type AgentMessage,
  encodeAgentFrame,
  helloInput,
  type OracleHello,
  parseOracleFrame,
} from "@ipse/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { SessionListenerOptions } from "../../src/session-listener/index.ts";
import type { FakeNode } from "../support/fake-node.ts";
import { type Client, limits, openClient, openListener, rawConnection } from "../support/listener.ts";
import { group } from "../support/roster.ts";

const challenge = new Uint8Array(32).fill(5);
const hello: AgentMessage = { kind: "hello", versions: [1], challenge };
const status = (fill: number): AgentMessage => ({
  kind: "status",
  instance: new Uint8Array(32).fill(fill),
  challenge,
});
const noted = (fill: number) => ({ kind: "noted", instance: new Uint8Array(32).fill(fill) }) as const;

const header: Header = {
  version: 1,
  rosterHash: new Uint8Array(32),
  instance: new Uint8Array(32).fill(1),
  seq: 3,
  parent: new Uint8Array(32),
  kind: "heartbeat",
  bodyHash: new Uint8Array(32),
  ratchet: false,
  shareVersion: 0,
  groupEpoch: 0,
  identityKeyVersion: 0,
  nextChainKey: new Uint8Array(32),
};
const step = (sealedDelta: Uint8Array | undefined): AgentMessage => ({
  kind: "step",
  signed: { header, chainSignature: new Uint8Array(64), evidenceSignature: new Uint8Array(64) },
  body: { messages: [], ratchet: undefined },
  parent: undefined,
  sealedDelta,
});

describe("an agent's connection", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const open = async (changes: Partial<SessionListenerOptions> = {}) => {
    const opened = await openListener(changes);
    cleanups.push(opened.close);
    const client = await openClient(opened.url);
    cleanups.push(() => client.socket.terminate());
    return { ...opened, client };
  };
  const send = (client: Client, id: number, message: AgentMessage) =>
    client.socket.send(encodeAgentFrame({ id, message }));
  const next = async (client: Client) => parseOracleFrame(await client.next());
  const greet = async (client: Client, node: FakeNode): Promise<OracleHello> => {
    send(client, 0, hello);
    const { id, message } = await next(client);
    if (message.kind !== "hello") throw new Error(`answered ${message.kind}`);
    expect(id).toBe(0);
    expect(group.ed25519.verify(node.voteKey, helloInput(message.hello), message.signature)).toBe(true);
    return message.hello;
  };
  /** What the client is told, and the close code that follows. */
  const refused = async (client: Client): Promise<[string, number]> => {
    const { message } = await next(client);
    return [message.kind === "refused" ? message.code : message.kind, await client.closed];
  };

  it("greets with a signed HELLO over the agent's challenge and a key of its own", async () => {
    const { node, client, url } = await open();
    const one = await greet(client, node);
    expect(one).toMatchObject({ version: 1, oracle: 1 });
    expect(Buffer.from(one.challenge)).toEqual(Buffer.from(challenge));
    const other = await openClient(url);
    cleanups.push(() => other.socket.terminate());
    expect((await greet(other, node)).sealingKey).not.toEqual(one.sealingKey);
  });

  it("answers each request under its own id, in whatever order the core answers", async () => {
    const { node, client } = await open();
    await greet(client, node);
    send(client, 10, status(1));
    send(client, 11, status(2));
    while (node.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    node.asked[1]?.reply(noted(2));
    node.asked[0]?.reply(noted(1));
    node.asked[0]?.reply(noted(1));
    const answers = [await next(client), await next(client)];
    expect(answers.map(({ id }) => id)).toEqual([11, 10]);
    expect(client.frames).toEqual([]);
  });

  it("opens no delta that was not sealed for it: the core gets none", async () => {
    const { node, client } = await open();
    await greet(client, node);
    for (const sealed of [undefined, randomBytes(80), randomBytes(3)]) {
      send(client, 1, step(sealed));
    }
    send(client, 2, status(9));
    while (node.asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
    const seen = node.asked.map(({ message }) => (message.kind === "step" ? message.delta : message.kind));
    expect(seen).toEqual([undefined, undefined, undefined, "status"]);
    expect(node.asked[0]?.message).not.toHaveProperty("sealedDelta");
  });

  it.each([
    ["bytes that are no frame", (client: Client) => client.socket.send(randomBytes(100)), "ERR_ENCODING"],
    ["an empty frame", (client: Client) => client.socket.send(new Uint8Array()), "ERR_ENCODING"],
    ["text", (client: Client) => client.socket.send("hello"), "ERR_FRAME_TYPE"],
    ["a second HELLO", (client: Client) => send(client, 1, hello), "ERR_HELLO"],
    [
      "trailing bytes",
      (client: Client) =>
        client.socket.send(Buffer.concat([encodeAgentFrame({ id: 1, message: status(1) }), Buffer.of(0)])),
      "ERR_ENCODING",
    ],
  ])("says why and cuts off who sends %s", async (_what, attack, code) => {
    const { node, client } = await open();
    await greet(client, node);
    attack(client);
    expect(await refused(client)).toEqual([code, 1008]);
    expect(node.asked).toEqual([]);
  });

  it("handles nothing before HELLO", async () => {
    const { node, client } = await open();
    send(client, 1, status(1));
    expect(await refused(client)).toEqual(["ERR_HELLO", 1008]);
    expect(node.asked).toEqual([]);
  });

  it("speaks only versions it knows", async () => {
    const { client } = await open();
    send(client, 0, { kind: "hello", versions: [9], challenge });
    expect(await refused(client)).toEqual(["ERR_VERSION", 1008]);
  });

  it("cuts off frames over the limit", async () => {
    const { node, client } = await open();
    await greet(client, node);
    client.socket.send(new Uint8Array(FRAME_BYTES_MAX + 1));
    expect(await client.closed).toBe(1009);
  });

  it("cuts off who never says HELLO", async () => {
    const { client } = await open({ helloMs: 30 });
    expect(await refused(client)).toEqual(["ERR_HELLO_TIMEOUT", 1008]);
  });

  it("answers BUSY beyond the unanswered requests it allows, and goes on", async () => {
    const { node, client } = await open({ limits: { ...limits, inflight_per_connection: 3 } });
    await greet(client, node);
    for (let id = 1; id <= 5; id++) send(client, id, status(id));
    const busy = [await next(client), await next(client)];
    expect(busy.map(({ id, message }) => [id, message.kind === "refused" ? message.code : ""])).toEqual([
      [4, "ERR_BUSY"],
      [5, "ERR_BUSY"],
    ]);
    expect(busy[0]?.message).toMatchObject({ retryAfterMs: 1000 });
    for (const { reply } of node.asked) reply(noted(1));
    for (let i = 0; i < 3; i++) await next(client);
    send(client, 6, status(6));
    while (node.asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(node.asked).toHaveLength(4);
  });

  it("answers BUSY beyond its rate", async () => {
    const { node, client } = await open({ limits: { ...limits, frames_per_second: 2 } });
    node.onAsk = ({ reply }) => reply(noted(1));
    await greet(client, node);
    for (let id = 1; id <= 20; id++) send(client, id, status(1));
    const kinds: string[] = [];
    for (let i = 0; i < 20; i++) kinds.push((await next(client)).message.kind);
    const refusals = kinds.filter((kind) => kind === "refused").length;
    expect([refusals >= 10, refusals < 20]).toEqual([true, true]);
  });

  it("turns a failure of the core into a refusal without its text", async () => {
    const { node, client } = await open();
    await greet(client, node);
    node.onAsk = () => {
      throw new Error("the seed is 42");
    };
    send(client, 1, status(1));
    expect((await next(client)).message).toMatchObject({ code: "ERR_INTERNAL", message: "internal error" });
  });

  it("ends at its time, after what is being answered", async () => {
    const { node, client } = await open({ lifetimeMs: 800 });
    await greet(client, node);
    send(client, 1, status(1));
    while (node.asked.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 850));
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    node.asked[0]?.reply(noted(1));
    expect((await next(client)).message.kind).toBe("noted");
    expect(await client.closed).toBe(1001);
  });

  it("drops who does not answer pings", async () => {
    const { node, client, listener } = await open({ pingMs: 25 });
    await greet(client, node);
    client.socket.pause();
    while (listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(listener.connections).toBe(0);
  });

  it("is no place for browsers, nor for other paths", async () => {
    const { url, port } = await open();
    await expect(openClient(url, { origin: "https://evil.example" })).rejects.toThrow("403");
    await expect(openClient(`ws://127.0.0.1:${port}/v1/other`)).rejects.toThrow("404");
    await expect(openClient(`ws://127.0.0.1:${port}/v1/constructor`)).rejects.toThrow("404");
  });

  it("survives what is no HTTP at all", async () => {
    const { node, client, port } = await open();
    const raw = rawConnection(port);
    raw.on("error", () => {});
    raw.resume();
    raw.write(randomBytes(2000));
    await new Promise((resolve) => raw.once("close", resolve));
    await greet(client, node);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });
});
