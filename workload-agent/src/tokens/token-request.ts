import { IpseError } from "@ipse/protocol";
import type { Clock } from "@ipse/protocol/host";
import { type AssertionIdentity, type AssertionSigner, makeAssertion } from "./assertion.ts";
import type { DpopKey, NonceCache } from "./dpop.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import { request } from "./http.ts";
import type { Issuer } from "./issuer.ts";
import { readError, readGrant, type TokenGrant, TokenRefusal } from "./token-response.ts";

/** What a token is wanted for. */
export interface TokenWish {
  readonly resource: string;
  readonly scope?: string | undefined;
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

/** Pauses while an outside server may still have an old copy of our keys (oidc-provider: 60 s); the last one goes on. */
const STALE_PAUSES_MS = [1_000, 2_000, 4_000, 8_000] as const;

/**
 * Asks an outside server again while it refuses the client: it may not have fetched this instance's key yet. Each
 * try is a fresh assertion, so an instance that was revoked meanwhile ends it at once.
 */
export async function requestWhileStale(
  from: TokenRequester & { readonly staleMs: number; readonly pause: (ms: number) => Promise<void> },
  issuer: Issuer,
  wish: TokenWish,
  key: DpopKey | undefined,
): Promise<TokenGrant> {
  const untilMs = from.clock.monotonicMs() + from.staleMs;
  for (let round = 0; ; round++) {
    try {
      return await requestToken(from, issuer, wish, key);
    } catch (error) {
      const unknown = error instanceof TokenRefusal && error.oauthError === "invalid_client";
      const pauseMs = STALE_PAUSES_MS[Math.min(round, STALE_PAUSES_MS.length - 1)] ?? 1_000;
      if (!unknown || from.clock.monotonicMs() + pauseMs > untilMs) throw error;
      await from.pause(pauseMs);
    }
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
