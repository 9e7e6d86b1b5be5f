import { taggedHash } from "@ipse/protocol/encoding";
import { burnKey } from "@ipse/protocol/issuer";
import { allow, CLIENT_ASSERTION_TYPE, parseForm } from "@ipse/protocol/oauth";
import { TOLERANCES } from "@ipse/protocol/policy";
import type { FastifyRequest } from "fastify";
import { authenticateClient } from "./authenticate-client.ts";
import type { OAuthDeps } from "./deps.ts";
import { verifiedClaims } from "./introspect-route.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";

/**
 * RFC 7009: a client ends one of its own tokens. A token that is none, or has expired, is answered like one that was
 * ended (section 2.2); another client's is refused. Throws OAuthError.
 */
export async function revoke(
  deps: OAuthDeps,
  clients: KeyedLimiter,
  request: FastifyRequest,
): Promise<Record<string, never>> {
  const form = parseForm(request.body as string);
  const assertion = form.get("client_assertion");
  const typed = form.get("client_assertion_type") === CLIENT_ASSERTION_TYPE;
  allow(typed && assertion !== undefined, "invalid_client", "a JWT client assertion is missing");
  const client = await authenticateClient(deps, assertion);
  const { iss, jti, exp } = client.claims;
  limit(clients, iss);
  const token = form.get("token");
  allow(token !== undefined, "invalid_request", "token is missing");
  const claims = await verifiedClaims(deps, token);
  const own = claims === undefined || claims.client_id === iss;
  allow(own, "invalid_request", "the token was issued to another client");
  const digest = taggedHash("ipse/v1/burn-digest", client.jwt.signingInput);
  const until = exp * 1000 + TOLERANCES.assertionMs;
  const fresh = await deps.burnJti(burnKey("assertion", iss, jti), digest, until);
  allow(fresh, "invalid_client", "the client assertion was used before");
  if (claims !== undefined) await deps.revokeToken({ assertion, jti: claims.jti, expMs: claims.exp * 1000 });
  return {};
}
