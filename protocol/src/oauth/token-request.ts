import { parseScope } from "../registry/grants.ts";
import type { Workload } from "../registry/statement.ts";
import { type AssertionClaims, SCOPE_CHARS_MAX } from "./assertion.ts";
import { allow } from "./oauth-error.ts";

/** https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
export const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A token request: client_credentials with private_key_jwt, and nothing else. */
export interface TokenRequest {
  readonly clientAssertion: string;
  readonly clientId: string | undefined;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
}

/** Reads a token request. Unknown parameters are ignored (RFC 6749 section 3.2). Throws OAuthError. */
export function parseTokenRequest(form: ReadonlyMap<string, string>): TokenRequest {
  const grant = form.get("grant_type");
  allow(grant !== undefined, "invalid_request", "grant_type is missing");
  allow(grant === "client_credentials", "unsupported_grant_type", "only client_credentials is served");
  allow(!form.has("client_secret"), "invalid_client", "clients authenticate with private_key_jwt");
  const clientAssertion = form.get("client_assertion");
  const typed = form.get("client_assertion_type") === CLIENT_ASSERTION_TYPE;
  allow(typed && clientAssertion !== undefined, "invalid_client", "a JWT client assertion is missing");
  const scope = form.get("scope");
  const wellFormed =
    scope === undefined || (scope.length <= SCOPE_CHARS_MAX && parseScope(scope) !== undefined);
  allow(wellFormed, "invalid_scope", "scope is not a list of scope tokens");
  return { clientAssertion, clientId: form.get("client_id"), scope, resource: form.get("resource") };
}

/**
 * Whether the assertion was made for exactly this request (SPEC section 10): who relays it can change neither
 * scope nor resource nor the DPoP key, nor drop the proof. Throws OAuthError.
 */
export function checkBinding(claims: AssertionClaims, request: TokenRequest, jkt: string | undefined): void {
  const { clientId, scope, resource } = request;
  allow(
    clientId === undefined || clientId === claims.sub,
    "invalid_client",
    "client_id is not the assertion's sub",
  );
  allow(claims.scope === scope, "invalid_scope", "scope is not the one the assertion was made for");
  allow(claims.resource === resource, "invalid_target", "resource is not the one the assertion was made for");
  const bound = claims.cnf?.jkt === jkt;
  allow(bound, "invalid_dpop_proof", "the DPoP key is not the one the assertion was made for");
}

/** What a request gets: never more than the workload's grants (RFC 6749 section 3.3, RFC 8707 section 2.2). */
export interface Grant {
  /** undefined: the workload has no scopes. */
  readonly scope: string | undefined;
  readonly resource: string;
}

/**
 * The grant for a request under the workload's policy. No scope asked for means all of them; no resource means
 * the only one there is. Throws OAuthError invalid_scope or invalid_target.
 */
export function grantFor(request: Pick<TokenRequest, "scope" | "resource">, workload: Workload): Grant {
  const asked = request.scope === undefined ? workload.scopes : (parseScope(request.scope) ?? []);
  const scoped = asked.every((token) => workload.scopes.includes(token));
  allow(scoped, "invalid_scope", "a scope the workload is not granted");
  const only = workload.resources.length === 1 ? workload.resources[0] : undefined;
  const resource = request.resource ?? only;
  allow(resource !== undefined, "invalid_target", "resource is missing, and the workload has not just one");
  allow(workload.resources.includes(resource), "invalid_target", "a resource the workload is not granted");
  return { scope: asked.length === 0 ? undefined : asked.join(" "), resource };
}
