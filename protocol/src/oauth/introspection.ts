import type { AccessTokenClaims } from "./access-token.ts";

/** https://www.rfc-editor.org/rfc/rfc7662#section-2.2 */
export type IntrospectionResponse =
  | { readonly active: false }
  | (AccessTokenClaims & { readonly active: true; readonly token_type: "DPoP" | "Bearer" });

/** An inactive token gets no reason: whoever asks about foreign tokens learns nothing (RFC 7662 section 2.2). */
export const INACTIVE: IntrospectionResponse = { active: false };

export function buildIntrospection(claims: AccessTokenClaims): IntrospectionResponse {
  return { active: true, token_type: claims.cnf === undefined ? "Bearer" : "DPoP", ...claims };
}
