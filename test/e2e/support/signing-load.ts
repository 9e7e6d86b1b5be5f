import type { KeyObject } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, signatureVerifies } from "../../src/processes/index.ts";

/** Asks an agent for one signature after the other, for as long as it runs; an agent that is away is asked again. */
export class SigningLoad {
  /** Signatures obtained; every one of them verified. */
  signed = 0;
  /** Codes of refusals, oldest first. */
  readonly refusals: string[] = [];
  readonly #agent: Agent;
  readonly #key: KeyObject;
  readonly #everyMs: number;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(agent: Agent, key: KeyObject, everyMs = 80) {
    this.#agent = agent;
    this.#key = key;
    this.#everyMs = everyMs;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    for (let i = 1; !this.#stopped; i++) {
      await this.#one(Buffer.from(`message ${i}`));
      await sleep(this.#everyMs);
    }
  }

  async #one(message: Buffer): Promise<void> {
    // A connection that breaks is the killed agent's; what it was asked for is lost, and that is all.
    const answer = await this.#agent.sign(message).catch(() => undefined);
    if (answer === undefined) return;
    const { signature, code = "" } = answer;
    if (signature === undefined) this.refusals.push(code);
    else if (signatureVerifies(this.#key, message, signature)) this.signed++;
    else this.refusals.push("a signature that does not verify");
  }
}
