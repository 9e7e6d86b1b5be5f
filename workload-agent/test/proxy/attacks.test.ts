import { describe, expect, it } from "vitest";
import { parseListen } from "../../src/proxy/gate.ts";
import { api, ask, proxyTo, raw } from "../tools/proxy.ts";

const setUp = async (more: Parameters<typeof proxyTo>[1] = {}) => {
  const target = await api((_request, response) => response.end("reached"));
  const started = await proxyTo(`${target.url}/base`, more);
  return { ...started, target };
};
const send = async (head: string) => {
  const { port, target } = await setUp();
  const answer = await raw(port, `${head}\r\nConnection: close\r\n\r\n`);
  return { status: Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(answer)?.[1]), answer, reached: target.seen.length };
};
const host = "Host: localhost";

describe("the proxy goes nowhere else", () => {
  it.each([
    ["an absolute-form URL", `GET http://evil.example/ HTTP/1.1\r\n${host}`],
    ["an absolute-form URL of the target's host", `GET http://127.0.0.1/ HTTP/1.1\r\n${host}`],
    ["CONNECT", `CONNECT evil.example:443 HTTP/1.1\r\n${host}`],
    ["a path that starts as an authority", `GET //evil.example/ HTTP/1.1\r\n${host}`],
    ["a path with a backslash", `GET /\\evil.example/ HTTP/1.1\r\n${host}`],
    ["a path with an @", `GET @evil.example/ HTTP/1.1\r\n${host}`],
    ["dot segments out of the base path", `GET /../admin HTTP/1.1\r\n${host}`],
    ["escaped dot segments", `GET /%2e%2E/admin HTTP/1.1\r\n${host}`],
    ["dot segments behind an escaped slash", `GET /a%2f..%2f..%2fadmin HTTP/1.1\r\n${host}`],
    ["dot segments with a parameter", `GET /..;x/admin HTTP/1.1\r\n${host}`],
    ["a fragment", `GET /#@evil.example HTTP/1.1\r\n${host}`],
    ["the asterisk form", `OPTIONS * HTTP/1.1\r\n${host}`],
    ["TRACE, which would echo the credential", `TRACE / HTTP/1.1\r\n${host}`],
    ["two Host fields", `GET / HTTP/1.1\r\n${host}\r\nHost: evil.example`],
    ["no Host field", "GET / HTTP/1.1\r\nAccept: */*"],
    ["a Host with a path", "GET / HTTP/1.1\r\nHost: localhost/@evil.example"],
    ["two framings at once", `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked`],
    ["a coding that would get lost", `POST / HTTP/1.1\r\n${host}\r\nTransfer-Encoding: gzip, chunked`],
    ["an upgrade to something else", `GET / HTTP/1.1\r\n${host}\r\nUpgrade: h2c`],
  ])("for %s", async (_name, head) => {
    // What asks for an upgrade must name it in Connection as well.
    const upgrade = head.includes("Upgrade:") ? "\r\nConnection: Upgrade" : "";
    const { status, reached } = await send(`${head}${upgrade}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(reached).toBe(0);
  });
});

describe("a web page spends no credential", () => {
  it.each([
    ["under its own name (DNS rebinding)", { host: "evil.example:8080" }, 421],
    ["from another origin", { origin: "https://evil.example" }, 403],
    ["from an opaque origin", { origin: "null" }, 403],
    ["with an image of another site", { "sec-fetch-site": "cross-site" }, 403],
    ["of a neighbor on the same site", { "sec-fetch-site": "same-site" }, 403],
  ])("%s", async (_name, headers, status) => {
    const { port, target } = await setUp();
    expect(await ask(port, "/", { headers })).toMatchObject({ status });
    expect(target.seen).toHaveLength(0);
  });

  it("by a WebSocket from another origin", async () => {
    const { status, reached } = await send(
      `GET / HTTP/1.1\r\n${host}\r\nUpgrade: websocket\r\nOrigin: https://evil.example\r\nConnection: Upgrade`,
    );
    expect([status, reached]).toEqual([403, 0]);
  });

  it.each(["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])(
    "but %s is the proxy itself",
    async (name) => {
      const { port } = await setUp();
      expect(await ask(port, "/", { headers: { host: name } })).toMatchObject({ status: 200 });
    },
  );

  it("and other names are the operator's to add", async () => {
    const { port } = await setUp({ gate: { allowHosts: ["ipse-proxy"], beyondLoopback: true } });
    const status = async (name: string) => (await ask(port, "/", { headers: { host: name } })).status;
    expect(await status("ipse-proxy:80")).toBe(200);
    expect(await status("10.1.2.3:80")).toBe(200);
    expect(await status("evil.example")).toBe(421);
  });
});

describe("no request hides in another's body", () => {
  /** What the target took for requests, over however many connections. */
  const seenBy = async (first: string) => {
    const target = await api((request, response) => {
      request.resume().once("end", () => response.end("reached"));
    });
    const { port } = await proxyTo(`${target.url}/base`);
    await raw(port, first);
    await ask(port, "/after");
    return target.seen.map(({ url }) => url);
  };
  const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\nX: ";

  it.each(["GET", "DELETE", "OPTIONS"])("of a chunked %s, whose framing node drops", async (method) => {
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const head = `${method} /first HTTP/1.1\r\n${host}\r\nConnection: close\r\nTransfer-Encoding: chunked`;
    expect(await seenBy(`${head}\r\n\r\n${chunk}`)).toEqual(["/base/first", "/base/after"]);
  });

  it("of a WebSocket handshake that announces a body, and so takes the next request for it", async () => {
    const { port, target } = await setUp();
    const head = `GET /first HTTP/1.1\r\n${host}\r\nUpgrade: websocket\r\nConnection: Upgrade`;
    const answer = await raw(port, `${head}\r\nContent-Length: 500\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(target.seen).toHaveLength(0);
  });
});

describe("--listen", () => {
  it("is HOST:PORT", () => {
    expect(parseListen("127.0.0.1:80")).toEqual({ host: "127.0.0.1", port: 80 });
    expect(parseListen("[::1]:0")).toEqual({ host: "::1", port: 0 });
    for (const text of ["80", "localhost", "::1:80", "localhost:70000", "http://localhost:80", ""])
      expect(() => parseListen(text)).toThrow(expect.objectContaining({ code: "ERR_USAGE" }));
  });
});
