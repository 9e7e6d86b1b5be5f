import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { request } from "../../src/tokens/http.ts";

/** A server that closes the connection instead of answering these requests, counted from 1; and what it saw. */
async function closingServer(closes: (count: number) => boolean) {
  const seen: { readonly method: string | undefined; readonly port: number | undefined }[] = [];
  const server = createServer((incoming, response) => {
    seen.push({ method: incoming.method, port: incoming.socket.remotePort });
    if (closes(seen.length)) incoming.socket.destroy();
    else response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), seen };
}

const TIMEOUT_MS = 5_000;
const UNREACHABLE = expect.objectContaining({ code: "ERR_TOKEN_UNREACHABLE" });

describe("a kept connection that the server closes without an answer", () => {
  it("costs a GET one more try, on a new connection", async () => {
    const { url, seen } = await closingServer((count) => count === 2);
    expect((await request(url, {}, TIMEOUT_MS)).json).toEqual({ ok: true });
    // Until the connection is free for another request.
    await sleep(50);
    expect((await request(url, {}, TIMEOUT_MS)).json).toEqual({ ok: true });
    const [first, second, third] = seen.map(({ port }) => port);
    expect(seen).toHaveLength(3);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("is unreachable where that is closed as well", async () => {
    const { url, seen } = await closingServer(() => true);
    await expect(request(url, {}, TIMEOUT_MS)).rejects.toEqual(UNREACHABLE);
    expect(seen).toHaveLength(2);
  });

  it("repeats no POST: the server may have acted upon it", async () => {
    const { url, seen } = await closingServer((count) => count === 2);
    const post = { method: "POST", body: new URLSearchParams({ client_assertion: "used once" }) };
    await request(url, post, TIMEOUT_MS);
    await expect(request(url, post, TIMEOUT_MS)).rejects.toEqual(UNREACHABLE);
    expect(seen).toHaveLength(2);
  });
});
