import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { IpseError } from "@ipse/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { noCredential } from "../../src/proxy/problem.ts";
import { fakeCredentials, proxyTo } from "../tools/proxy.ts";

type Verify = NonNullable<NonNullable<ConstructorParameters<typeof WebSocketServer>[0]>["verifyClient"]>;

async function echoServer(verifyClient?: Verify) {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    ...(verifyClient === undefined ? {} : { verifyClient }),
  });
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const seen: (string | undefined)[] = [];
  server.on("connection", (socket, request) => {
    seen.push(request.headers.authorization, String(request.headers["dpop"]));
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function dial(port: number, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket?x=1`, { headers });
  socket.on("error", () => undefined);
  onTestFinished(() => socket.terminate());
  return socket;
}

const refusal = async (socket: WebSocket) => {
  const [, response] = await once(socket, "unexpected-response");
  return response.statusCode as number;
};

describe("a WebSocket", () => {
  it("gets its credential on the upgrade request, then bytes pass untouched", async () => {
    const target = await echoServer();
    const { port } = await proxyTo(target.url);
    const socket = dial(port, { authorization: "Bearer stolen" });
    await once(socket, "open");
    expect(target.seen).toEqual(["DPoP t", `GET ${target.url}/socket`]);
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    const big = Buffer.alloc(300_000, 7);
    socket.send(big);
    const [echo] = await once(socket, "message");
    expect(big.equals(echo as Buffer)).toBe(true);
    socket.close();
    await once(socket, "close");
  });

  it("is refused as the target refuses it", async () => {
    const target = await echoServer((_info, done) => done(false, 403));
    const { port } = await proxyTo(target.url);
    expect(await refusal(dial(port))).toBe(403);
  });

  it("gets a nonce the target wants in a second handshake", async () => {
    const target = await echoServer(({ req }, done) => {
      const known = String(req.headers["dpop"]).endsWith(" n1");
      const wants = { "WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": "n1" };
      done(known, 401, "", known ? {} : wants);
    });
    const { port } = await proxyTo(target.url);
    await once(dial(port), "open");
    expect(target.seen).toEqual(["DPoP t", `GET ${target.url}/socket n1`]);
  });

  it("is refused with 503 when the instance is revoked", async () => {
    const target = await echoServer();
    const revoked = noCredential(new IpseError("ERR_INSTANCE_REVOKED", "over"));
    const credentials = fakeCredentials({ for: () => Promise.reject(revoked) });
    const { port } = await proxyTo(target.url, { credentials });
    expect(await refusal(dial(port))).toBe(503);
  });

  it("that is open ends when the instance is revoked", async () => {
    const target = await echoServer();
    let over = false;
    const credentials = fakeCredentials({
      check: async () => {
        if (over) throw noCredential(new IpseError("ERR_INSTANCE_REVOKED", "over"));
      },
    });
    const { port } = await proxyTo(target.url, { credentials, watchMs: 30 });
    const socket = dial(port);
    await once(socket, "open");
    socket.send("still there");
    await once(socket, "message");
    over = true;
    await once(socket, "close");
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });

  it("ends with the proxy", async () => {
    const target = await echoServer();
    const { port, proxy } = await proxyTo(target.url);
    const socket = dial(port);
    await once(socket, "open");
    await Promise.all([once(socket, "close"), proxy.stop(50)]);
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });
});
