import { check, IpseError } from "@ipse/protocol";
import type { Clock } from "@ipse/protocol/host";
import { z } from "zod";
import { type AssertionIdentity, type AssertionSigner, makeAssertion } from "./assertion.ts";
import type { DpopKey, NonceCache } from "./dpop.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import { type HttpAnswer, request } from "./http.ts";
import type { Issuer } from "./issuer.ts";

/** What a token is wanted for. */
export interface TokenWish {
  readonly resource: string;
  readonly scope?: string | undefined;
}

/** What a token endpoint gave (RFC 6749 section 5.1). */
export interface TokenGrant {
  readonly accessToken: string;
  readonly tokenType: "DPoP" | "Bearer";
  readonly lifetimeMs: number;
  readonly scope: string | undefined;
}

export interface TokenRequester {
  readonly identity: AssertionIdentity;
  readonly sign: AssertionSigner;
  readonly clock: Clock;
  readonly nonces: NonceCache;
  readonly health: EndpointHealth;
  /** One attempt at one endpoint. */
  readonly attemptMs: number;
  /** Everything together. */
  readonly overallMs: number;
}

/** https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** A first answer may ask for a nonce, a second for a newer one. */
const NONCE_ROUNDS_MAX = 3;
const DEFAULT_LIFETIME_SECONDS = 60;

const grantBody = z.looseObject({
  access_token: z.string().min(1).max(16_384),
  token_type: z.string(),
  expires_in: z.number().positive().max(86_400).optional(),
  scope: z.string().max(4096).optional(),
});
const errorBody = z.looseObject({
  error: z.string().regex(/^[a-z_]{1,64}$/),
  error_description: z.string().max(512).optional(),
});

/** The authorization server said no (RFC 6749 section 5.2). */
export class TokenRefusal extends IpseError {
  readonly oauthError: string;

  constructor(oauthError: string, description: string | undefined, host: string) {
    super(`ERR_OAUTH_${oauthError.toUpperCase()}`, `${host}: ${description ?? oauthError}`);
    this.name = "TokenRefusal";
    this.oauthError = oauthError;
  }
}

function readGrant(answer: HttpAnswer, host: string, bound: boolean): TokenGrant {
  const body = grantBody.safeParse(answer.json);
  check(body.success, "ERR_TOKEN_RESPONSE", `${host} answered with something that is not a token response`);
  const type = body.data.token_type.toLowerCase();
  check(
    type === "dpop" || type === "bearer",
    "ERR_TOKEN_RESPONSE",
    `${host} issued an unknown kind of token`,
  );
  check(
    (type === "dpop") === bound,
    "ERR_TOKEN_NOT_BOUND",
    `${host} does not bind tokens to DPoP keys; ask without DPoP if a bearer token will do`,
  );
  return {
    accessToken: body.data.access_token,
    tokenType: bound ? "DPoP" : "Bearer",
    lifetimeMs: (body.data.expires_in ?? DEFAULT_LIFETIME_SECONDS) * 1000,
    scope: body.data.scope,
  };
}

function readError(answer: HttpAnswer, host: string): IpseError {
  const body = errorBody.safeParse(answer.json);
  const temporary = answer.status >= 500 || answer.status === 429;
  if (temporary) return new IpseError("ERR_TOKEN_UNREACHABLE", `${host} answered ${answer.status}`);
  if (body.success) return new TokenRefusal(body.data.error, body.data.error_description, host);
  return new IpseError("ERR_TOKEN_RESPONSE", `${host} answered ${answer.status} without an OAuth error`);
}

/** One endpoint: a fresh assertion per request, because a server burns its jti even when it wants a nonce. */
async function attempt(
  from: TokenRequester,
  issuer: Issuer,
  endpoint: URL,
  wish: TokenWish,
  key: DpopKey | undefined,
): Promise<TokenGrant> {
  const { identity, sign, clock, nonces } = from;
  const own = issuer.issuer === identity.issuer;
  const { resource, scope } = wish;
  for (let round = 1; ; round++) {
    const binding = own ? { resource, scope, jkt: key?.jkt } : {};
    const assertion = await makeAssertion(
      identity,
      { audience: issuer.issuer, ...binding },
      sign,
      clock.nowMs(),
    );
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: identity.spiffeId,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion,
      resource,
      ...(scope === undefined ? {} : { scope }),
    });
    const headers = new Headers({ accept: "application/json" });
    const nonce = nonces.get(endpoint.href);
    if (key !== undefined)
      headers.set("dpop", await key.proof({ method: "POST", url: endpoint.href, nonce }, clock.nowMs()));
    const answer = await request(endpoint, { method: "POST", headers, body: form }, from.attemptMs);
    nonces.learn(endpoint.href, answer.headers.get("dpop-nonce"));
    if (answer.status === 200) return readGrant(answer, endpoint.host, key !== undefined);
    const error = readError(answer, endpoint.host);
    const again = error instanceof TokenRefusal && error.oauthError === "use_dpop_nonce";
    if (!again || round === NONCE_ROUNDS_MAX) throw error;
  }
}

/**
 * Asks an issuer for a token, endpoint after endpoint. One oracle may be down, or lie: a refusal counts only when
 * `refusalsNeeded` of them agree. What the signing itself throws ends it at once.
 */
export async function requestToken(
  from: TokenRequester,
  issuer: Issuer,
  wish: TokenWish,
  key: DpopKey | undefined,
): Promise<TokenGrant> {
  const deadlineMs = from.clock.monotonicMs() + from.overallMs;
  const refusals = new Map<string, number>();
  let problem = new IpseError("ERR_TOKEN_UNREACHABLE", "no token endpoint is known");
  for (const endpoint of from.health.order(issuer.tokenEndpoints)) {
    if (from.clock.monotonicMs() > deadlineMs) break;
    try {
      const grant = await attempt(from, issuer, endpoint, wish, key);
      from.health.answered(endpoint);
      return grant;
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      const isOurs = !/^ERR_(TOKEN|OAUTH)_/.test(error.code);
      if (isOurs) throw error;
      const count = (refusals.get(error.code) ?? 0) + 1;
      refusals.set(error.code, count);
      if (error.code === "ERR_TOKEN_UNREACHABLE") from.health.failed(endpoint);
      if (error instanceof TokenRefusal && count >= issuer.refusalsNeeded) throw error;
      // A refusal says more than a time-out, whichever came last.
      if (!(problem instanceof TokenRefusal) || error instanceof TokenRefusal) problem = error;
    }
  }
  throw problem;
}
