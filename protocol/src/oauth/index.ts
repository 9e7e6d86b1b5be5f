export * from "./access-token.ts";
export {
  type AssertionClaims,
  type AssertionExpectation,
  assertionClaims,
  assertionHeader,
  checkAssertionClaims,
  checkAssertionGrants,
} from "./assertion.ts";
export { CREDENTIAL_BYTES, credentialHash } from "./credential.ts";
export * from "./dpop.ts";
export * from "./dpop-nonce.ts";
export { parseForm } from "./form.ts";
export * from "./introspection.ts";
export * from "./jwt.ts";
export * from "./metadata.ts";
export {
  allow,
  OAUTH_ERROR_NAMES,
  OAUTH_ERRORS,
  OAuthError,
  type OAuthErrorName,
  RateLimited,
} from "./oauth-error.ts";
export * from "./thumbprint.ts";
export * from "./token-request.ts";
export { normalizeHtu } from "./url.ts";
export * from "./verify-jws.ts";
