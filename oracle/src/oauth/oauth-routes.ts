import { OAUTH_PATHS, OAuthError, RateLimited } from "@ipse/protocol/oauth";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { OAuthDeps } from "./deps.ts";
import { discoveryRoutes } from "./discovery-routes.ts";
import { DpopNonces } from "./dpop-nonce.ts";
import { EventPolls } from "./events-route.ts";
import { BasicRefused, introspect } from "./introspect-route.ts";
import { RequestJudge } from "./judge.ts";
import { addressKey, KeyedLimiter, limit } from "./rate-limit.ts";
import { revoke } from "./revoke-route.ts";
import { issueToken } from "./token-route.ts";

const BODY_BYTES_MAX = 32 * 1024;
const DEFAULT_RATES = { perAddress: 100, perClient: 20 };
/** Tokens one client may end: a row each, at every oracle. */
const ENDED_PER_SECOND = 4;

/** What went wrong, as RFC 6749 section 5.2 says it; whatever is not ours to explain stays inside. */
function asOAuthError(error: unknown): { readonly known: OAuthError; readonly status: number } {
  if (error instanceof RateLimited) return { known: error, status: 429 };
  if (error instanceof OAuthError) return { known: error, status: error.status };
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode === 413)
    return { known: new OAuthError("invalid_request", "the body is too long"), status: 413 };
  if (statusCode >= 400 && statusCode < 500)
    return { known: new OAuthError("invalid_request", "the request is not acceptable"), status: 400 };
  return { known: new OAuthError("server_error", "internal error"), status: 500 };
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { known, status } = asOAuthError(error);
  if (status === 500) request.log.error({ err: error }, "oauth.failed");
  if (status === 429) reply.header("retry-after", "1");
  if (error instanceof BasicRefused) reply.header("www-authenticate", 'Basic realm="ipse", charset="UTF-8"');
  return reply.code(status).send(known.body);
}

/** One content type, read as text within bounds; answers that nobody caches; a rate for each address. */
function takeBodies(app: FastifyInstance, contentType: string, addresses: KeyedLimiter): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    contentType,
    { parseAs: "string", bodyLimit: BODY_BYTES_MAX },
    (_request, body, done) => done(null, body),
  );
  app.setErrorHandler(sendError);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers({ "cache-control": "no-store", pragma: "no-cache" });
    limit(addresses, addressKey(request.ip));
    done();
  });
}

/** The endpoints that take forms: their errors are OAuth's and nothing of theirs may be cached. */
function formRoutes(app: FastifyInstance, deps: OAuthDeps): void {
  const { perAddress, perClient } = deps.rates ?? DEFAULT_RATES;
  const addresses = new KeyedLimiter(perAddress);
  const [clients, callers] = [new KeyedLimiter(perClient), new KeyedLimiter(perAddress)];
  const nonces = deps.dpopNonces ?? new DpopNonces(() => deps.nowMs());
  const context = { deps, judge: new RequestJudge(deps, nonces), clients };
  const ended = new KeyedLimiter(ENDED_PER_SECOND);
  takeBodies(app, "application/x-www-form-urlencoded", addresses);
  app.addHook("preHandler", (request, _reply, done) => {
    if (typeof request.body === "string") done();
    else done(new OAuthError("invalid_request", "the body must be application/x-www-form-urlencoded"));
  });
  app.post(OAUTH_PATHS.token, (request, reply) => {
    reply.header("dpop-nonce", nonces.current());
    return issueToken(context, request);
  });
  app.post(OAUTH_PATHS.revoke, (request) => revoke({ ...context, ended }, request));
  app.post(OAUTH_PATHS.introspect, (request) => introspect(deps, callers, request));
}

/** Polling takes JSON; errors and caching are those of the other endpoints. */
function eventRoutes(app: FastifyInstance, deps: OAuthDeps): void {
  const { events, eventTokens } = deps;
  if (events === undefined || eventTokens === undefined) return;
  const { perAddress } = deps.rates ?? DEFAULT_RATES;
  const [addresses, callers] = [new KeyedLimiter(perAddress), new KeyedLimiter(perAddress)];
  const polls = new EventPolls(deps, events, eventTokens);
  takeBodies(app, "application/json", addresses);
  app.post(OAUTH_PATHS.events, (request) => polls.answer(callers, request));
}

/**
 * The OAuth listener's routes as a fastify plugin; register it without a prefix. Its parsers and error format
 * stay inside: what else the server offers keeps its own.
 */
export function oauthRoutes(app: FastifyInstance, deps: OAuthDeps, done: () => void): void {
  app.register((scope, _options, registered) => {
    formRoutes(scope, deps);
    registered();
  });
  app.register((scope, _options, registered) => {
    eventRoutes(scope, deps);
    registered();
  });
  discoveryRoutes(app, deps);
  done();
}
