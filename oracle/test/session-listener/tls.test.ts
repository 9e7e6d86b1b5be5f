import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { TlsMaterial } from "../../src/http/create-http.ts";
import { writeTlsKey } from "../../src/keys/index.ts";
import { ask, connectPinned } from "../../src/links/index.ts";
import { openListener } from "../support/listener.ts";

describe("the session listener's TLS", () => {
  let dir: string;
  let tls: TlsMaterial;
  let pin: Uint8Array;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "ipse-tls-"));
    pin = await writeTlsKey(join(dir, "crt"), join(dir, "key"), "oracle-1", Date.now());
    tls = { cert: readFileSync(join(dir, "crt")), key: readFileSync(join(dir, "key")) };
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const open = async () => {
    const opened = await openListener({ tls });
    cleanups.push(opened.close);
    return { ...opened, sessionUrl: `https://127.0.0.1:${opened.port}` };
  };
  const shake = (options: ConnectionOptions): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", rejectUnauthorized: false, ...options }, () =>
        resolve(socket),
      );
      socket.once("error", reject);
      cleanups.push(() => socket.destroy());
    });

  it("serves whoever pins the right key", async () => {
    const { sessionUrl } = await open();
    const { status, body } = await ask({ sessionUrl, tlsPin: pin }, "GET", "/v1/registry/roster");
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ trust_domain: "test.ipse" });
  });

  it("gets nothing from a client that pins another key", async () => {
    const { sessionUrl, listener } = await open();
    const requests: unknown[] = [];
    listener.app.server.on("request", (request) => requests.push(request));
    const other = { sessionUrl, tlsPin: new Uint8Array(32).fill(1) };
    await expect(ask(other, "GET", "/v1/registry/roster")).rejects.toMatchObject({
      code: "ERR_ENDPOINT_PIN",
    });
    expect(requests).toEqual([]);
  });

  it("wants TLS 1.3", async () => {
    const { port } = await open();
    await expect(shake({ port, maxVersion: "TLSv1.2" })).rejects.toThrow(/protocol|version|alert/i);
    expect((await shake({ port })).getProtocol()).toBe("TLSv1.3");
  });

  it("resumes no session", async () => {
    const { port } = await open();
    const sessions: Buffer[] = [];
    const first = await shake({ port });
    first.on("session", (session) => sessions.push(session));
    first.write("GET /v1/registry/roster HTTP/1.1\r\nhost: x\r\n\r\n");
    await new Promise((resolve) => first.once("data", resolve));
    for (const session of sessions) {
      const second = await shake({ port, session });
      expect(second.isSessionReused()).toBe(false);
    }
    expect(first.isSessionReused()).toBe(false);
  });

  it.each([
    ["plaintext that is not loopback", "http://192.0.2.1:1", "ERR_ENDPOINT_PLAINTEXT"],
    ["TLS without a pin", "https://127.0.0.1:1", "ERR_ENDPOINT_PIN"],
    ["another scheme", "ftp://127.0.0.1:1", "ERR_ENDPOINT_URL"],
    ["no URL", "nonsense", "ERR_ENDPOINT_URL"],
    ["a port nobody listens on", "http://127.0.0.1:1", "ERR_ENDPOINT_UNREACHABLE"],
  ])("is not asked for over %s", async (_what, sessionUrl, code) => {
    await expect(connectPinned({ sessionUrl, tlsPin: new Uint8Array(32) }, 2000)).rejects.toMatchObject({
      code,
    });
  });
});
