import { parseStrictJson } from "@ipse/protocol/encoding";
import type { OracleEventApi } from "@ipse/protocol/host";
import { allow, OAuthError } from "@ipse/protocol/oauth";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { OAuthDeps } from "./deps.ts";
import type { EventTokens } from "./event-tokens.ts";
import { authenticateResource } from "./introspect-route.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";

const EVENTS_MAX = 100;

/** https://www.rfc-editor.org/rfc/rfc8936#section-2.2 */
const poll = z.looseObject({
  maxEvents: z.int().min(0).optional(),
  ack: z.array(z.string().max(256)).max(1000).optional(),
  setErrs: z.record(z.string().max(256), z.unknown()).optional(),
});

/** What a receiver gets: events by jti, and whether there are more (RFC 8936 section 2.3). */
export interface PollAnswer {
  readonly sets: Record<string, string>;
  readonly moreAvailable?: true;
}

/** Polling for security events (RFC 8936) by a registered resource, about its own workloads alone. */
export class EventPolls {
  readonly #deps: OAuthDeps;
  readonly #events: OracleEventApi;
  readonly #tokens: EventTokens;

  constructor(deps: OAuthDeps, events: OracleEventApi, tokens: EventTokens) {
    this.#deps = deps;
    this.#events = events;
    this.#tokens = tokens;
  }

  /** Acknowledges what the receiver has, then gives it the next. An error of its own is kept for a later try. */
  async answer(callers: KeyedLimiter, request: FastifyRequest): Promise<PollAnswer> {
    const { url } = authenticateResource(this.#deps, request, new Map());
    limit(callers, url);
    const body = poll.safeParse(parseJson(request.body));
    allow(body.success, "invalid_request", "not a poll request (RFC 8936 section 2.2)");
    const { ack = [], setErrs = {}, maxEvents = EVENTS_MAX } = body.data;
    for (const [jti, why] of Object.entries(setErrs)) request.log.warn({ jti, why, url }, "event.refused");
    if (ack.length > 0) await new Promise<void>((done) => this.#events.acknowledge(url, ack, done));
    const max = Math.min(maxEvents, EVENTS_MAX);
    const pending = this.#events.pending(max + 1, url);
    const sets: Record<string, string> = {};
    for (const event of pending.slice(0, max)) sets[event.jti] = await this.#tokens.token(event);
    return pending.length > max ? { sets, moreAvailable: true } : { sets };
  }
}

function parseJson(body: unknown): unknown {
  try {
    return parseStrictJson(String(body));
  } catch (cause) {
    throw new OAuthError("invalid_request", "the body is not strict JSON", { cause });
  }
}
