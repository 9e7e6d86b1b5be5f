import type { KeyObject } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, signatureVerifies } from "../processes/index.ts";
import { SCOPE, type Stage } from "./stage.ts";

const EVERY_MS = 200;
const GIVE_UP_MS = 120_000;
/** The answers after which a copy has nothing more to hope for. */
const OVER = ["ERR_INSTANCE_REVOKED", "ERR_INSTANCE_STALE", "ERR_INSTANCE_QUARANTINED"];

/** A copy that uses what it stole as long as it can; everything it obtains is checked, then counted. */
export class CopyAtWork {
  readonly #agent: Agent;
  readonly #key: KeyObject;
  #signatures = 0;
  /** A client assertion made in good times, kept for later; undefined when it got none. */
  assertion: string | undefined;

  constructor(agent: Agent, key: KeyObject) {
    this.#agent = agent;
    this.#key = key;
  }

  get signatures(): number {
    return this.#signatures;
  }

  #count(message: Uint8Array, signature: Uint8Array): void {
    if (!signatureVerifies(this.#key, message, signature))
      throw new Error("the copy got a signature that does not verify");
    this.#signatures++;
  }

  /** Signs one message; the code of the refusal where there was one. */
  async sign(): Promise<string | undefined> {
    const message = Buffer.from(`the copy was here, ${this.#signatures + 1}`);
    const { signature, code } = await this.#agent.sign(message);
    if (signature !== undefined) this.#count(message, signature);
    return code;
  }

  /** Has an assertion signed with which tokens could be had without any agent. */
  async stockUp({ cluster, api }: Stage): Promise<void> {
    const wish = { audience: cluster.issuer, resource: api.resource, scope: SCOPE };
    const { status, json } = await this.#agent.api("POST", "/v1/assertion", wish);
    if (status !== 200) return;
    this.assertion = String(json["assertion"]);
    const [head, body, signature = ""] = this.assertion.split(".");
    this.#count(Buffer.from(`${head}.${body}`), Buffer.from(signature, "base64url"));
  }

  /** Signs on until nobody helps any more; the code that ended it. */
  async goOn(): Promise<string> {
    const deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      const code = await this.sign();
      if (code !== undefined && OVER.includes(code)) return code;
      if (performance.now() > deadline) throw new Error(`the copy is not stopped (${code ?? "it signs"})`);
      await sleep(EVERY_MS);
    }
  }
}
