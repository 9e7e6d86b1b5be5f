import { errorCode } from "@ipse/protocol";
import { endpointUrl, OAUTH_PATHS } from "@ipse/protocol/oauth";
import { z } from "zod";
import { basicCredential, fetchText } from "./fetch-text.ts";

export interface EventPollerOptions {
  readonly oracles: readonly string[];
  readonly resource: string;
  readonly credential: string;
  readonly intervalMs?: number;
  /** Makes an event's effect durable; returns its jti. */
  readonly take: (text: string) => Promise<string>;
}

const INTERVAL_MS = 2_000;
/** https://www.rfc-editor.org/rfc/rfc8936#section-2.3 */
const answer = z.looseObject({
  sets: z.record(z.string(), z.string()),
  moreAvailable: z.boolean().optional(),
});

/**
 * Polls every oracle for events (RFC 8936), so that none can keep one back. What was taken in is acknowledged with
 * the next poll; what does not verify is reported and not acknowledged.
 */
export class EventPoller {
  readonly #options: EventPollerOptions;
  readonly #acks = new Map<string, string[]>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: EventPollerOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #poll(base: string): Promise<void> {
    const { resource, credential, take } = this.#options;
    const ack = this.#acks.get(base) ?? [];
    const text = await fetchText(endpointUrl(base, OAUTH_PATHS.events), {
      method: "POST",
      headers: { authorization: basicCredential(resource, credential), "content-type": "application/json" },
      body: JSON.stringify({ ack, maxEvents: 100, returnImmediately: true }),
    });
    const { sets } = answer.parse(JSON.parse(text));
    const taken: string[] = [];
    for (const [jti, set] of Object.entries(sets)) {
      const done = await take(set).catch((error: unknown) => errorCode(error));
      if (done === jti) taken.push(jti);
    }
    this.#acks.set(base, taken);
  }

  async #round(): Promise<void> {
    await Promise.all(this.#options.oracles.map((base) => this.#poll(base).catch(() => undefined)));
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#round(), this.#options.intervalMs ?? INTERVAL_MS);
    this.#timer.unref();
  }
}
