import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { fetchText } from "../../src/relying-party/fetch-text.ts";

/** A server that closes the connection instead of answering its second request; and how many it saw. */
async function closingServer() {
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    seen.push(incoming.method ?? "");
    if (seen.length === 2) incoming.socket.destroy();
    else response.end("keys");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

describe("a kept connection that the server closes without an answer", () => {
  it("keeps no keys back: the GET goes once more", async () => {
    const { url, seen } = await closingServer();
    expect([await fetchText(url), await fetchText(url)]).toEqual(["keys", "keys"]);
    expect(seen).toEqual(["GET", "GET", "GET"]);
  });

  it("repeats no POST", async () => {
    const { url, seen } = await closingServer();
    await fetchText(url, { method: "POST", body: "a" });
    const again = fetchText(url, { method: "POST", body: "a" });
    await expect(again).rejects.toMatchObject({ code: "ERR_KEYS_UNREACHABLE" });
    expect(seen).toEqual(["POST", "POST"]);
  });
});
