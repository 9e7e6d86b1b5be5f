import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BenchClient, clientJwk } from "./clients.ts";
import type { TokenServer } from "./presign.ts";

const MAIN = fileURLToPath(new URL("./oidc-main.js", import.meta.url));

/** oidc-provider, running. */
export interface OidcPeer {
  readonly server: TokenServer;
  readonly jwksUri: string;
  readonly pid: number;
  stop(): Promise<void>;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("oidc-provider has no output");
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) if (line.startsWith("{")) return line;
  throw new Error("oidc-provider ended before it was ready");
}

/** Starts the peer with one client that has the keys of all these. */
export async function startOidc(clientId: string, clients: readonly BenchClient[]): Promise<OidcPeer> {
  const env = { ...process.env, NODE_ENV: "production" };
  const child = spawn(process.execPath, [MAIN], { stdio: ["pipe", "pipe", "inherit"], env });
  const exited = once(child, "exit");
  child.stdin.write(`${JSON.stringify({ client_id: clientId, keys: clients.map(clientJwk) })}\n`);
  const { issuer } = JSON.parse(await firstLine(child)) as { issuer: string };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  return {
    server: { issuer, endpoints: [new URL("/token", issuer)], clientId, ours: false },
    jwksUri: `${issuer}/jwks`,
    pid: child.pid ?? 0,
    stop,
  };
}
