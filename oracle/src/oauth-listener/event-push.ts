import type { OracleEventApi, PendingEvent } from "@ipse/protocol/host";
import type { Logger } from "pino";
import { isLoopback } from "../config/index.ts";
import { Backoff } from "../links/index.ts";
import type { EventTokens } from "../oauth/index.ts";

export interface EventPushOptions {
  readonly events: OracleEventApi;
  readonly tokens: EventTokens;
  readonly log: Logger;
}

const ROUND_MS = 500;
const PAGE = 256;
const TIMEOUT_MS = 5_000;

interface Receiver {
  readonly backoff: Backoff;
  notBeforeMs: number;
}

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || isLoopback(hostname.replace(/^\[|\]$/g, ""));
}

/** Delivers security events to receivers that want them pushed (RFC 8935), again and again until they arrive. */
export class EventPush {
  readonly #options: EventPushOptions;
  readonly #receivers = new Map<string, Receiver>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: EventPushOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    const byReceiver = new Map<string, PendingEvent[]>();
    for (const event of this.#options.events.pending(PAGE)) {
      const url = this.#options.events.pushUrl(event.audience);
      if (url !== undefined && isSafe(url)) byReceiver.set(url, [...(byReceiver.get(url) ?? []), event]);
    }
    await Promise.all([...byReceiver].map(([url, events]) => this.#deliver(url, events)));
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#round(), ROUND_MS);
    this.#timer.unref();
  }

  async #deliver(url: string, events: readonly PendingEvent[]): Promise<void> {
    const receiver = this.#receivers.get(url) ?? { backoff: new Backoff(1_000, 60_000), notBeforeMs: 0 };
    this.#receivers.set(url, receiver);
    if (performance.now() < receiver.notBeforeMs) return;
    for (const event of events) {
      try {
        await this.#push(url, event);
        receiver.backoff.reset();
      } catch (error) {
        receiver.notBeforeMs = performance.now() + receiver.backoff.takeMs();
        this.#options.log.warn({ err: error, receiver: new URL(url).host }, "event.not-delivered");
        return;
      }
    }
  }

  async #push(url: string, event: PendingEvent): Promise<void> {
    const { tokens, events } = this.#options;
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/secevent+jwt", accept: "application/json" },
      body: await tokens.token(event),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the receiver answered ${answer.status}`);
    await new Promise<void>((done) => events.acknowledge(event.audience, [event.jti], done));
    tokens.forget(event.jti);
  }
}
