import { timingSafeEqual } from "node:crypto";
import { IpseError } from "@ipse/protocol";
import { parseWith } from "@ipse/protocol/encoding";
import {
  ACCESS_TOKEN_TYP,
  type AccessTokenClaims,
  accessTokenClaims,
  allow,
  buildIntrospection,
  credentialHash,
  INACTIVE,
  type IntrospectionResponse,
  instanceClaim,
  OAuthError,
  parseCompactJwt,
  parseForm,
} from "@ipse/protocol/oauth";
import type { Resource } from "@ipse/protocol/registry";
import type { FastifyRequest } from "fastify";
import type { OAuthDeps } from "./deps.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";
import { jwsVerifies } from "./verify-jws.ts";

type Form = ReadonlyMap<string, string>;

/** A caller that failed to authenticate with HTTP Basic is told so in kind (RFC 6749 section 5.2). */
export class BasicRefused extends OAuthError {
  constructor() {
    super("invalid_client", "the resource's credential is refused");
  }
}

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined and base64-encoded. */
function basicCredentials(header: string): readonly [id: string, secret: string] {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header) ?? [];
  if (encoded === undefined) throw new BasicRefused();
  const text = Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  const decode = (part: string): string => parseForm(`v=${part}`).get("v") ?? "";
  return [decode(text.slice(0, Math.max(0, colon))), decode(text.slice(colon + 1))];
}

function credentialsOf(request: FastifyRequest, form: Form): readonly [id: string, secret: string] {
  const { authorization } = request.headers;
  if (authorization === undefined) return [form.get("client_id") ?? "", form.get("client_secret") ?? ""];
  allow(!form.has("client_secret"), "invalid_request", "more than one client authentication");
  return basicCredentials(authorization);
}

/** The resource that asks. Throws OAuthError invalid_client; an unknown resource looks like a wrong secret. */
export function authenticateResource(deps: OAuthDeps, request: FastifyRequest, form: Form): Resource {
  const [url, secret] = credentialsOf(request, form);
  const resource = deps.resource(url);
  const given = credentialHash(secret);
  if (resource !== undefined && given !== undefined && timingSafeEqual(given, resource.credentialHash))
    return resource;
  if (request.headers.authorization !== undefined) throw new BasicRefused();
  throw new OAuthError("invalid_client", "the resource's credential is missing or refused");
}

/** The claims of a token this cluster signed and that has not expired; undefined for anything else. */
export async function verifiedClaims(deps: OAuthDeps, token: string): Promise<AccessTokenClaims | undefined> {
  try {
    const { header, claims } = parseCompactJwt(token);
    const jwk = deps.jwks().find((one) => one.kid !== undefined && one.kid === header["kid"]);
    if (jwk === undefined || header["typ"] !== ACCESS_TOKEN_TYP) return undefined;
    if (!(await jwsVerifies(token, jwk))) return undefined;
    const parsed = parseWith(accessTokenClaims, claims, "ERR_TOKEN_CLAIMS");
    const live = parsed.iss === deps.issuer && parsed.exp * 1000 > deps.nowMs();
    return live ? parsed : undefined;
  } catch (error) {
    if (error instanceof IpseError) return undefined;
    throw error;
  }
}

/** Whether a verified token still means something: its instance is active here, its workload exists. */
function stillStands(deps: OAuthDeps, claims: AccessTokenClaims): boolean {
  const instance = instanceClaim(claims);
  const active = instance !== undefined && deps.statusOf(instance) === "active";
  const ended = deps.tokenRevoked(claims.sub, claims.jti);
  return active && !ended && deps.workload(claims.sub) !== undefined;
}

/**
 * RFC 7662: a resource asks about a token for itself. The answer follows what this oracle knows of the instance
 * at this moment. Throws OAuthError.
 */
export async function introspect(
  deps: OAuthDeps,
  callers: KeyedLimiter,
  request: FastifyRequest,
): Promise<IntrospectionResponse> {
  const form = parseForm(request.body as string);
  const resource = authenticateResource(deps, request, form);
  limit(callers, resource.url);
  const token = form.get("token");
  allow(token !== undefined, "invalid_request", "token is missing");
  deps.requireCurrent();
  const claims = await verifiedClaims(deps, token);
  if (claims === undefined || claims.aud !== resource.url || !stillStands(deps, claims)) return INACTIVE;
  return buildIntrospection(claims);
}
