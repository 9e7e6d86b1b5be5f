import { request } from "node:http";
import { IpseError } from "@ipse/protocol";
import { connectPinned, type Target } from "./pinned-socket.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const BODY_CHARS_MAX = 16 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** One HTTP request over a connection whose pin was checked first. Rejects with ERR_ENDPOINT_*. */
export async function ask(
  target: Target,
  method: "GET" | "POST",
  path: string,
  json?: unknown,
): Promise<HttpAnswer> {
  const socket = await connectPinned(target, TIMEOUT_MS);
  const payload = json === undefined ? undefined : JSON.stringify(json);
  const { host } = new URL(target.sessionUrl);
  const unreachable = (why: string): IpseError =>
    new IpseError("ERR_ENDPOINT_UNREACHABLE", `${host}: ${why}`);
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      connection: "close",
      ...(payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
    };
    const sent = request(
      { createConnection: () => socket, method, path, headers, timeout: TIMEOUT_MS },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          body += chunk;
          if (body.length > BODY_CHARS_MAX) socket.destroy(new Error("the answer is too long"));
        });
        answer.on("error", (error) => reject(unreachable(error.message)));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
      },
    );
    sent.on("timeout", () => socket.destroy(new Error("no answer in time")));
    sent.on("error", (error) => reject(unreachable(error.message)));
    sent.end(payload);
  });
}
