import { IpseError } from "../errors.ts";

/** Error codes of RFC 6749 section 5.2, RFC 8707 section 2, RFC 9449 sections 5 and 8, with their HTTP status. */
export const OAUTH_ERRORS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  /** Not in RFC 6749 section 5.2 for this endpoint, but what its section 4.1.2.1 calls the same thing. */
  temporarily_unavailable: 503,
  server_error: 500,
} as const;
export type OAuthErrorName = keyof typeof OAUTH_ERRORS;

/** In the order in which oracles number them among themselves; only ever appended to. */
export const OAUTH_ERROR_NAMES = Object.keys(OAUTH_ERRORS) as readonly OAuthErrorName[];

/** RFC 6749 appendix A.8: error-description = 1*( %x20-21 / %x23-5B / %x5D-7E ). */
const NOT_NQSCHAR = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g;

/** A refusal at an OAuth endpoint. `description` is for people and never repeats what the client sent. */
export class OAuthError extends IpseError {
  readonly error: OAuthErrorName;
  readonly status: number;

  constructor(error: OAuthErrorName, description: string, options: { readonly cause?: unknown } = {}) {
    super(`ERR_OAUTH_${error.toUpperCase()}`, description, options);
    this.name = "OAuthError";
    this.error = error;
    this.status = OAUTH_ERRORS[error];
  }

  /** The JSON body of RFC 6749 section 5.2. */
  get body(): { readonly error: OAuthErrorName; readonly error_description: string } {
    return { error: this.error, error_description: this.message.replaceAll(NOT_NQSCHAR, "'") };
  }
}

/** Thrown over a rate limit: HTTP 429 (RFC 6585 section 4). */
export class RateLimited extends OAuthError {
  constructor() {
    super("temporarily_unavailable", "too many requests; come back in a second");
  }
}

/** Throws an OAuthError unless the condition holds. */
export function allow(condition: boolean, error: OAuthErrorName, description: string): asserts condition {
  if (!condition) throw new OAuthError(error, description);
}
