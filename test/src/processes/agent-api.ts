import { request } from "node:http";

export interface ApiAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

const TIMEOUT_MS = 60_000;

/** One request to an agent's workload API. Rejects when nobody answers. */
export function callApi(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = content === undefined ? {} : { "content-type": "application/json" };
    const asked = request({ socketPath, method, path, headers, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        try {
          const json = JSON.parse(Buffer.concat(chunks).toString()) as ApiAnswer["json"];
          resolve({ status: response.statusCode ?? 0, json });
        } catch (error) {
          reject(error);
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new Error("the agent does not answer")));
    asked.on("error", reject);
    asked.end(content);
  });
}
