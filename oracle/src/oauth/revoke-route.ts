import { assertionBurn, judgeAssertion } from "@ipse/protocol/issuer";
import { allow, CLIENT_ASSERTION_TYPE, parseForm } from "@ipse/protocol/oauth";
import type { FastifyRequest } from "fastify";
import { verifiedClaims } from "./introspect-route.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";
import type { TokenContext } from "./token-route.ts";

/**
 * RFC 7009: a client ends one of its own tokens. A token that is none, or has expired, is answered like one that was
 * ended (section 2.2); another client's is refused. Throws OAuthError, RateLimited: then the token is not ended.
 */
export async function revoke(
  { deps, judge, clients, ended }: TokenContext & { readonly ended: KeyedLimiter },
  request: FastifyRequest,
): Promise<Record<string, never>> {
  const form = parseForm(request.body as string);
  const assertion = form.get("client_assertion");
  const typed = form.get("client_assertion_type") === CLIENT_ASSERTION_TYPE;
  allow(typed && assertion !== undefined, "invalid_client", "a JWT client assertion is missing");
  const client = judgeAssertion(judge, assertion);
  const { iss } = client.claims;
  limit(clients, iss);
  const token = form.get("token");
  allow(token !== undefined, "invalid_request", "token is missing");
  const claims = await verifiedClaims(deps, token);
  const own = claims === undefined || claims.client_id === iss;
  allow(own, "invalid_request", "the token was issued to another client");
  if (claims !== undefined) limit(ended, iss);
  const { key, untilMs } = assertionBurn(client.claims);
  const fresh = await deps.burnJti(key, untilMs);
  allow(fresh, "invalid_client", "the client assertion was used before");
  if (claims !== undefined) await deps.revokeToken({ assertion, jti: claims.jti, expMs: claims.exp * 1000 });
  return {};
}
