import { request } from "node:http";
import { IpseError } from "@ipse/protocol";
import { z } from "zod";
import { errnoOf } from "../state/system-errors.ts";

/** The agent gives up on its own long before this. */
const TIMEOUT_MS = 120_000;
const ANSWER_CHARS_MAX = 1024 * 1024;

const problem = z.looseObject({ code: z.string(), detail: z.string() });

/** A JSON object as the API sends it. */
export type Answer = Readonly<Record<string, unknown>>;

function connectError(error: unknown, socketPath: string): IpseError {
  if (error instanceof IpseError) return error;
  const errno = errnoOf(error);
  if (errno === "EACCES" || errno === "EPERM")
    return new IpseError("ERR_STATE_PERMISSION", `the socket ${socketPath} is not accessible to this user`);
  const gone = errno === "ENOENT" || errno === "ECONNREFUSED" || errno === "ENOTDIR";
  if (gone)
    return new IpseError(
      "ERR_AGENT_NOT_RUNNING",
      `no agent listens on ${socketPath}; start it with ipse-agent run`,
    );
  return new IpseError("ERR_AGENT_NOT_RUNNING", `the agent on ${socketPath} broke off (${errno})`);
}

function readAnswer(status: number, text: string): Answer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (status === 200 && typeof json === "object" && json !== null) return json as Answer;
  const known = problem.safeParse(json);
  if (known.success) throw new IpseError(known.data.code, known.data.detail);
  throw new IpseError("ERR_AGENT_ANSWER", `the agent answered ${status} with something unknown`);
}

/** One request to the workload API. Problems come back as the IpseErrors they were. */
export function callAgent(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(connectError(error, socketPath));
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = content === undefined ? {} : { "content-type": "application/json" };
    const asked = request({ socketPath, method, path, headers, timeout: TIMEOUT_MS }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_CHARS_MAX) response.destroy(new Error("the agent's answer is too long"));
      });
      response.on("error", fail);
      response.on("end", () => {
        try {
          resolve(readAnswer(response.statusCode ?? 0, text));
        } catch (error) {
          fail(error);
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new IpseError("ERR_AGENT_ANSWER", "the agent does not answer")));
    asked.on("error", fail);
    asked.end(content);
  });
}
