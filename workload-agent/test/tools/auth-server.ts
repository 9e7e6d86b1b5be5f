import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly dpop: string | undefined;
}

export interface StubAnswer {
  readonly status?: number;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** An authorization server that answers as the test says. */
export async function authServer(answer: (seen: SeenRequest) => StubAnswer | undefined) {
  const requests: SeenRequest[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await readAll(request));
    const dpop = request.headers["dpop"];
    const seen = { path: request.url ?? "", form, dpop: typeof dpop === "string" ? dpop : undefined };
    requests.push(seen);
    const given = answer(seen);
    if (given === undefined) return;
    const headers = { "content-type": "application/json", ...given.headers };
    response.writeHead(given.status ?? 200, headers).end(JSON.stringify(given.body));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests };
}
