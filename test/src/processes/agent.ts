import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { join } from "node:path";
import { type ApiAnswer, callApi } from "./agent-api.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { runVerb, type VerbResult, verbJson } from "./run-verb.ts";

export interface AgentEvent {
  readonly seq: number;
  readonly time_ms: number;
  readonly event: Readonly<Record<string, unknown>>;
}

export interface SignAnswer {
  /** undefined: refused. */
  readonly signature: Buffer | undefined;
  readonly code: string | undefined;
}

/** An agent's directory and, while it runs, the process in it. */
export class Agent {
  readonly dir: string;
  readonly socket: string;
  readonly logFile: string;
  #daemon: Daemon | undefined;

  constructor(dir: string, logFile = `${dir}.log`) {
    this.dir = dir;
    this.socket = join(dir, "agent.sock");
    this.logFile = logFile;
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error(`no agent was started in ${this.dir}`);
    return this.#daemon;
  }

  /** The join URI goes through the environment: an argument is visible to every user of the machine. */
  enroll(joinUri: string): Promise<Record<string, unknown>> {
    return verbJson("ipse-agent", ["enroll", "--dir", this.dir], { env: { IPSE_JOIN_URI: joinUri } });
  }

  async start(more: readonly string[] = []): Promise<Daemon> {
    const args = ["run", "--dir", this.dir, ...more];
    this.#daemon = await startDaemon("ipse-agent", args, { logFile: this.logFile });
    return this.#daemon;
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  verb(words: readonly string[]): Promise<VerbResult> {
    const [name = "", ...rest] = words;
    return runVerb("ipse-agent", [name, "--dir", this.dir, ...rest, "--json"]);
  }

  api(method: "GET" | "POST", path: string, body?: object): Promise<ApiAnswer> {
    return callApi(this.socket, method, path, body);
  }

  async status(): Promise<ApiAnswer["json"]> {
    return (await this.api("GET", "/v1/status")).json;
  }

  async events(): Promise<readonly AgentEvent[]> {
    const { json } = await this.api("GET", "/v1/events");
    return json["events"] as readonly AgentEvent[];
  }

  async sign(message: Uint8Array): Promise<SignAnswer> {
    const payload = Buffer.from(message).toString("base64url");
    const { status, json } = await this.api("POST", "/v1/sign", { payload });
    if (status !== 200) return { signature: undefined, code: String(json["code"]) };
    return { signature: Buffer.from(String(json["signature"]), "base64url"), code: undefined };
  }

  async publicKey(): Promise<KeyObject> {
    const { json } = await this.api("GET", "/v1/identity");
    return createPublicKey(String(json["pem"]));
  }
}

/** Checks a signature with nothing of ours: node:crypto's Ed25519. */
export function signatureVerifies(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, message, key, signature);
}
