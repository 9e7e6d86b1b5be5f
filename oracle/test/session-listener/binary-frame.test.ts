import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { binaryFrame } from "../../src/session-listener/binary-frame.ts";

const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const payloads = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((length) => randomBytes(length));

beforeAll(async () => {
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) => {
      for (const payload of payloads) {
        socket.write(binaryFrame(payload));
        ws.ping(payload.subarray(0, 100));
      }
      ws.close(1000);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => server.close());

test("a frame of any length arrives as one binary message, among what ws itself sends, in order", async () => {
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const got: string[] = [];
  client.on("message", (data: Buffer, isBinary) => got.push(`${isBinary} ${data.toString("base64")}`));
  client.on("ping", (data: Buffer) => got.push(`ping ${data.length}`));
  const [code] = await once(client, "close");
  expect(code).toBe(1000);
  expect(got).toEqual(
    payloads.flatMap((payload) => [
      `true ${payload.toString("base64")}`,
      `ping ${Math.min(payload.length, 100)}`,
    ]),
  );
});
