import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { rosterFromJson } from "@ipse/protocol/registry";
import { afterAll, describe, expect, it } from "vitest";
import { type Agent, startDaemon, until } from "../src/processes/index.ts";
import { freePort } from "./support/free-port.ts";
import { CERTIFICATE, type ProtectedTarget, startProtectedTarget } from "./support/protected-target.ts";
import { sharedCluster, useWorld } from "./support/world.ts";

let target: ProtectedTarget;
let resource: string;
let agent: Agent;
let port: number;

/** `ipse-agent proxy` as an operator starts it; resolves with the port it took. */
async function startProxy(of: Agent): Promise<number> {
  const words = ["--dir", of.dir, "--listen", "127.0.0.1:0", "--target", resource, "--resource", resource];
  const env = { NODE_EXTRA_CA_CERTS: world.path("ca.pem") };
  const daemon = await startDaemon("ipse-agent", ["proxy", ...words], {
    logFile: `${of.dir}-proxy.log`,
    env,
  });
  return Number(new URL(String(daemon.ready["listen"])).port);
}

const world = useWorld(async (made) => {
  await sharedCluster(made);
  const { cluster } = made;
  resource = `https://localhost:${await freePort()}/`;
  await cluster.json(["resource", "create", resource]);
  const { roster } = rosterFromJson(readFileSync(cluster.roster, "utf8"));
  const oracles = cluster.oracles.map(({ url }) => url);
  target = await startProtectedTarget({ issuer: cluster.issuer, resource, oracles, roster });
  writeFileSync(made.path("ca.pem"), CERTIFICATE);
  agent = await made.running({ resources: [resource] });
  port = await startProxy(agent);
});
afterAll(() => target.close());

interface Reply {
  readonly message: IncomingMessage;
  readonly body: string;
}

async function replyOf(sent: ClientRequest): Promise<Reply> {
  const [message] = (await once(sent, "response")) as [IncomingMessage];
  return { message, body: await text(message) };
}

/** What an application does that holds no credential. */
const get = (path: string, through = port, headers: Record<string, string> = {}): Promise<Reply> =>
  replyOf(request({ host: "127.0.0.1", port: through, path, headers, agent: false }).end());

/** A WebSocket handshake; resolves with the raw connection behind it. */
async function upgrade(through: number) {
  const headers = {
    ...{ connection: "Upgrade", upgrade: "websocket" },
    ...{ "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
  };
  const sent = request({ host: "127.0.0.1", port: through, path: "/socket", headers, agent: false }).end();
  const [message, socket] = (await once(sent, "upgrade")) as [IncomingMessage, import("node:net").Socket];
  return { message, socket };
}

/** Raw bytes to the proxy, and everything that comes back. */
function raw(bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
  socket.on("error", () => undefined);
  return text(socket);
}

describe("ipse-agent proxy", () => {
  it("calls an API over TLS for an application that holds no credential", async () => {
    const { message, body } = await get("/hello", port, { authorization: "Bearer of the application" });
    const { spiffe_id } = await agent.status();
    expect([message.statusCode, JSON.parse(body)]).toEqual([200, { hello: spiffe_id }]);
    expect(target.seen).toContainEqual({ scheme: "DPoP", proven: true });
    expect(target.seen.map(({ scheme }) => scheme)).not.toContain("Bearer");
  });

  it("streams a body both ways at once", async () => {
    const headers = { "content-type": "application/octet-stream" };
    const options = {
      host: "127.0.0.1",
      port,
      path: "/echo",
      method: "POST",
      headers,
      agent: false as const,
    };
    const sent = request(options);
    sent.on("error", () => undefined).write("first");
    const [message] = (await once(sent, "response")) as [IncomingMessage];
    expect(String((await once(message, "data"))[0])).toBe("first");
    // What comes back came before this was sent: nobody waits for the end of a body.
    sent.end("second");
    expect(String((await once(message, "data"))[0])).toBe("second");
  });

  it("brings the fields behind the body along", async () => {
    const { message, body } = await get("/trailers");
    expect([body, message.trailers]).toEqual(["streamed", { "checksum-of-it": "ok" }]);
  });

  it("passes a WebSocket on, with the credential on its handshake", async () => {
    const before = target.seen.length;
    const { message, socket } = await upgrade(port);
    expect(message.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(target.seen.slice(before)).toContainEqual({ scheme: "DPoP", proven: true });
    socket.write("any bytes");
    expect(String((await once(socket, "data"))[0])).toBe("any bytes");
    socket.destroy();
  });

  it("goes nowhere else, whatever the application asks", async () => {
    let reached = 0;
    const other = createServer(() => {
      reached++;
    });
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port: elsewhere } = other.address() as { port: number };
    const host = `Host: 127.0.0.1:${port}\r\nConnection: close`;
    const asked = [
      `GET http://127.0.0.1:${elsewhere}/ HTTP/1.1\r\n${host}\r\n\r\n`,
      `CONNECT 127.0.0.1:${elsewhere} HTTP/1.1\r\n${host}\r\n\r\n`,
      `GET /../../hello HTTP/1.1\r\n${host}\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\nConnection: close\r\n\r\n`,
    ];
    const before = target.seen.length;
    for (const bytes of asked) expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect([reached, target.seen.length - before]).toEqual([0, 0]);
    other.close();
  });

  it("says 503 and why once the instance is revoked, and cuts what is open", async () => {
    const doomed = await world.running({ resources: [resource] });
    const through = await startProxy(doomed);
    expect((await get("/hello", through)).message.statusCode).toBe(200);
    const { socket } = await upgrade(through);
    const closed = once(socket, "close");
    socket.on("error", () => undefined).resume();
    const { instance } = await doomed.status();
    await world.cluster.json(["instance", "revoke", String(instance), "--reason", "for the test"]);
    const refused = await until(
      async () => {
        const reply = await get("/hello", through);
        return reply.message.statusCode === 503 ? reply : undefined;
      },
      { what: "the refusal" },
    );
    expect(refused.message.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(refused.body)).toMatchObject({
      status: 503,
      code: "ERR_INSTANCE_REVOKED",
      reason: "revoked",
    });
    await closed;
    expect((await get("/hello")).message.statusCode).toBe(200);
  });
});
