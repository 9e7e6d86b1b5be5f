import {
  type Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { onTestFinished } from "vitest";
import type { Credentials } from "../../src/proxy/credentials.ts";
import { type ProxyOptions, SecretlessProxy, Target } from "../../src/proxy/index.ts";

/** An API that does what the test says; it remembers what it saw. */
export async function api(
  handle: RequestListener,
): Promise<{ url: string; seen: IncomingMessage[]; server: Server }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((incoming, response) => {
    seen.push(incoming);
    handle(incoming, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

/** Credentials that count: token "t", proof "METHOD URL nonce". */
export function fakeCredentials(more: Partial<Credentials> = {}): Credentials & { readonly asked: string[] } {
  const asked: string[] = [];
  let nonce = "";
  return {
    asked,
    for: async (method, url) => {
      asked.push(`${method} ${url}`);
      return { authorization: "DPoP t", dpop: `${method} ${url} ${nonce}`.trim() };
    },
    learn: (given) => {
      nonce = given ?? nonce;
    },
    check: async () => undefined,
    ...more,
  };
}

export interface Started {
  readonly port: number;
  readonly proxy: SecretlessProxy;
  readonly problems: string[];
}

/** A proxy in front of a target, for the length of a test. */
export async function proxyTo(
  url: string,
  more: Partial<ProxyOptions> & { responseMs?: number } = {},
): Promise<Started> {
  const problems: string[] = [];
  const proxy = new SecretlessProxy({
    gate: { allowHosts: [], beyondLoopback: false },
    target: new Target(url, more.responseMs),
    credentials: fakeCredentials(),
    onProblem: ({ code }) => problems.push(code),
    ...more,
  });
  const { port } = await proxy.listen("127.0.0.1", 0);
  onTestFinished(() => proxy.stop(0));
  return { port, proxy, problems };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: string[];
  readonly text: string;
}

/** One request as an application makes it. */
export function ask(
  port: number,
  path = "/",
  {
    method = "GET",
    headers = {},
    body,
    agent = false,
  }: { method?: string; headers?: object; body?: string | Buffer; agent?: Agent | false } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, headers: { ...headers }, agent };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode = 0, headers: got, rawHeaders } = response;
        resolve({ status: statusCode, headers: got, rawHeaders, text });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Raw bytes to a port, and everything that comes back until the end. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let out = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      out += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(out));
  });
}
