import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { IpseError } from "@ipse/protocol";
import { describe, expect, it } from "vitest";
import { noCredential } from "../../src/proxy/problem.ts";
import { api, ask, fakeCredentials, proxyTo, raw } from "../tools/proxy.ts";

const problemOf = (text: string) => JSON.parse(text);
const wantsNonce = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n1" };

describe("a forwarded request", () => {
  it("carries token and proof for the target's own URL, and the target's Host", async () => {
    const target = await api((_request, response) => response.end("hello"));
    const credentials = fakeCredentials();
    const { port } = await proxyTo(`${target.url}/base/`, { credentials });
    const answer = await ask(port, "/things?page=2", { headers: { accept: "text/plain" } });
    expect(answer).toMatchObject({ status: 200, text: "hello" });
    const [seen] = target.seen;
    expect(seen?.url).toBe("/base/things?page=2");
    expect(seen?.headers).toMatchObject({
      authorization: "DPoP t",
      dpop: `GET ${target.url}/base/things`,
      host: new URL(target.url).host,
      accept: "text/plain",
    });
  });

  it("loses credentials of the application's own, and what belongs to its connection", async () => {
    const target = await api((_request, response) => response.end());
    const { port } = await proxyTo(target.url);
    const headers = {
      authorization: "Bearer stolen",
      dpop: "forged",
      "proxy-authorization": "Basic x",
      connection: "close, x-hop",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      te: "trailers",
      "x-kept": ["1", "2"],
    };
    await ask(port, "/", { headers });
    const [seen] = target.seen;
    expect(seen?.headersDistinct["authorization"]).toEqual(["DPoP t"]);
    expect(seen?.headersDistinct["dpop"]).toEqual([`GET ${target.url}/`]);
    expect(seen?.headersDistinct["x-kept"]).toEqual(["1", "2"]);
    for (const name of ["proxy-authorization", "x-hop", "keep-alive", "te"])
      expect(seen?.headers[name]).toBeUndefined();
  });

  it("cannot name the credential as hop-by-hop to get rid of it", async () => {
    const target = await api((_request, response) => response.end());
    const { port } = await proxyTo(target.url);
    const headers = { connection: "close, authorization, dpop, host, content-length" };
    await ask(port, "/", { method: "POST", headers, body: "body" });
    expect(target.seen[0]?.headers).toMatchObject({ authorization: "DPoP t", "content-length": "4" });
  });

  it("brings the answer back as it was, without the target's nonce", async () => {
    const target = await api((_request, response) => {
      response.setHeader("Set-Cookie", ["a=1", "b=2"]);
      response.setHeader("DPoP-Nonce", "n");
      response.writeHead(404, "Nothing Here").end("gone");
    });
    const { port } = await proxyTo(target.url);
    const answer = await ask(port);
    expect(answer).toMatchObject({ status: 404, text: "gone" });
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(answer.headers["dpop-nonce"]).toBeUndefined();
  });

  it("brings the fields behind the body along, but no framing and no nonce", async () => {
    const target = await api((_request, response) => {
      response.writeHead(200, { trailer: "Grpc-Status, Dpop-Nonce" });
      response.write("streamed");
      response.addTrailers({ "Grpc-Status": "0", "Grpc-Message": "fine", "DPoP-Nonce": "n" });
      response.end();
    });
    const { port } = await proxyTo(target.url);
    const text = await raw(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(/0\r\nGrpc-Status: 0\r\nGrpc-Message: fine\r\n\r\n$/);
    expect(text).not.toMatch(/nonce/i);
  });

  it("follows no redirect", async () => {
    const target = await api((_r, response) =>
      response.writeHead(302, { location: "http://x.example/" }).end(),
    );
    const { port } = await proxyTo(target.url);
    expect(await ask(port)).toMatchObject({ status: 302, headers: { location: "http://x.example/" } });
    expect(target.seen).toHaveLength(1);
  });

  it("that is answered before its body has ended is not cut off when the body has", async () => {
    const target = await api((incoming, response) => {
      response.write("early");
      incoming.resume().on("end", () => setTimeout(() => response.end(" and late"), 300));
    });
    const { port } = await proxyTo(target.url, { responseMs: 100 });
    const sent = request({ host: "127.0.0.1", port, method: "POST" });
    sent.on("error", () => undefined).write("a body");
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    sent.end();
    expect(await text(answer)).toBe("early and late");
  });

  it("streams both ways at once", async () => {
    const target = await api((incoming, response) => incoming.pipe(response));
    const { port } = await proxyTo(target.url);
    const sent = request({ host: "127.0.0.1", port, method: "POST" });
    const write = (text: string) => sent.write(text);
    write("one");
    const [response] = (await once(sent, "response")) as [Readable];
    const next = async () => String((await once(response, "data"))[0]);
    expect(await next()).toBe("one");
    write("two");
    expect(await next()).toBe("two");
    sent.end();
    response.resume();
    await once(response, "end");
  });

  it("passes megabytes in both directions", async () => {
    const target = await api((incoming, response) => incoming.pipe(response));
    const { port } = await proxyTo(target.url);
    const body = Buffer.alloc(5_000_000, "x");
    expect((await ask(port, "/", { method: "PUT", body })).text.length).toBe(5_000_000);
  });

  it("that breaks off at the target breaks off here too", async () => {
    const target = await api((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 50);
    });
    const { port } = await proxyTo(target.url);
    await expect(ask(port)).rejects.toThrow();
  });

  it("ends at the target when the application goes away", async () => {
    let closed = false;
    const target = await api((_request, response) => {
      response.writeHead(200).write("first");
      response.on("close", () => {
        closed = true;
      });
    });
    const { port } = await proxyTo(target.url);
    const sent = request({ host: "127.0.0.1", port }).end();
    await once(sent, "response");
    sent.destroy();
    for (let i = 0; i < 100 && !closed; i++) await sleep(20);
    expect(closed).toBe(true);
  });
});

describe("a target that wants a nonce", () => {
  const strict = () =>
    api((incoming, response) => {
      const known = String(incoming.headers["dpop"]).endsWith(" n1");
      if (known) incoming.pipe(response);
      else response.writeHead(401, wantsNonce).end("who?");
    });

  it.each([
    ["no body", undefined],
    ["a short body", "hello"],
  ])("gets it in a second attempt, with %s", async (_name, body) => {
    const target = await strict();
    const { port } = await proxyTo(target.url);
    const options = body === undefined ? {} : { method: "POST", body };
    expect(await ask(port, "/", options)).toMatchObject({ status: 200, text: body ?? "" });
    await ask(port, "/", options);
    expect(target.seen).toHaveLength(3);
  });

  it("and a body that cannot be sent twice: 503 once, then it works", async () => {
    const target = await strict();
    const { port } = await proxyTo(target.url);
    const headers = { "transfer-encoding": "chunked" };
    const first = await ask(port, "/", { method: "POST", headers, body: "hello" });
    expect([first.status, problemOf(first.text)]).toMatchObject([
      503,
      { code: "ERR_PROXY_NONCE", reason: "nonce" },
    ]);
    expect(await ask(port, "/", { method: "POST", headers, body: "hello" })).toMatchObject({ status: 200 });
  });

  it("is asked twice at most", async () => {
    let count = 0;
    const target = await api((_request, response) => {
      count++;
      response.writeHead(401, { ...wantsNonce, "dpop-nonce": `n${count}` }).end();
    });
    const { port } = await proxyTo(target.url);
    expect(await ask(port)).toMatchObject({ status: 401 });
    expect(count).toBe(2);
  });
});

describe("no credential", () => {
  const failing = (code: string) =>
    fakeCredentials({ for: () => Promise.reject(noCredential(new IpseError(code, "why"))) });

  it.each([
    ["ERR_INSTANCE_REVOKED", "revoked", undefined],
    ["ERR_INSTANCE_QUARANTINED", "quarantined", undefined],
    ["ERR_ASSERTION_SCOPE", "policy", undefined],
    ["ERR_QUORUM_UNREACHABLE", "unreachable", "1"],
    ["ERR_AGENT_NOT_RUNNING", "agent", "1"],
  ])("%s: 503 with the reason %s, and the target hears nothing", async (code, reason, retryAfter) => {
    const target = await api((_request, response) => response.end());
    const { port, problems } = await proxyTo(target.url, { credentials: failing(code) });
    const answer = await ask(port, "/", { method: "POST", body: "secret" });
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({ "content-type": "application/problem+json" });
    expect(answer.headers["retry-after"]).toBe(retryAfter);
    expect(problemOf(answer.text)).toMatchObject({ code, reason, status: 503, detail: "why" });
    expect(target.seen).toHaveLength(0);
    expect(problems).toEqual([code]);
  });

  it("a token the target calls invalid, of an instance that was revoked: 503 as well", async () => {
    const challenge = { "www-authenticate": 'DPoP error="invalid_token"' };
    const target = await api((_request, response) => response.writeHead(401, challenge).end());
    const revoked = noCredential(new IpseError("ERR_INSTANCE_REVOKED", "over"));
    const credentials = fakeCredentials({ check: () => Promise.reject(revoked) });
    const { port } = await proxyTo(target.url, { credentials });
    const answer = await ask(port);
    expect([answer.status, problemOf(answer.text).reason]).toEqual([503, "revoked"]);
    const served = await proxyTo(target.url);
    expect(await ask(served.port)).toMatchObject({ status: 401 });
  });
});

describe("a target that is", () => {
  it("away: 502", async () => {
    const { port } = await proxyTo("http://127.0.0.1:1");
    const answer = await ask(port, "/", { method: "POST", body: "x" });
    expect([answer.status, problemOf(answer.text).code]).toEqual([502, "ERR_PROXY_TARGET"]);
    expect(answer.headers["proxy-status"]).toContain("destination_unavailable");
  });

  it("silent: 504", async () => {
    const target = await api(() => undefined);
    const { port } = await proxyTo(target.url, { responseMs: 100 });
    const answer = await ask(port);
    expect([answer.status, problemOf(answer.text).code]).toEqual([504, "ERR_PROXY_TARGET_TIMEOUT"]);
  });

  it("no HTTP server: 502", async () => {
    const target = await api((incoming) => incoming.socket.end("SSH-2.0-x\r\n"));
    const { port } = await proxyTo(target.url);
    expect(await ask(port)).toMatchObject({ status: 502 });
  });

  it.each(["http://api.example", "ftp://127.0.0.1", "http://u@127.0.0.1", "http://127.0.0.1/?q"])(
    "at %s: refused from the start",
    async (url) => {
      await expect(proxyTo(url)).rejects.toMatchObject({
        code: expect.stringMatching(/ERR_(TOKEN_URL|USAGE)/),
      });
    },
  );
});

describe("bounds and ends", () => {
  it("refuses headers beyond the bound", async () => {
    const target = await api((_request, response) => response.end());
    const { port } = await proxyTo(target.url);
    const answer = await raw(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(40_000)}\r\n\r\n`);
    expect(answer).toContain("431");
    expect(target.seen).toHaveLength(0);
  });

  it("takes so many connections and no more", async () => {
    const target = await api((_request, response) => response.end());
    const { port } = await proxyTo(target.url, { connectionsMax: 1 });
    const first = request({ host: "127.0.0.1", port });
    first.flushHeaders();
    await once(first, "socket");
    await sleep(100);
    await expect(ask(port)).rejects.toThrow();
    first.destroy();
  });

  it("finishes what is under way when it stops, and takes nothing new", async () => {
    const target = await api((_request, response) => void setTimeout(() => response.end("late"), 200));
    const { port, proxy } = await proxyTo(target.url);
    const agent = new Agent({ keepAlive: true });
    const pending = ask(port, "/", { agent });
    while (target.seen.length === 0) await sleep(10);
    const startedMs = performance.now();
    const stopped = proxy.stop(10_000);
    await expect(ask(port)).rejects.toThrow();
    expect(await pending).toMatchObject({ status: 200, text: "late" });
    await stopped;
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
