import { check, IpseError } from "@ipse/protocol";
import { z } from "zod";
import type { HttpAnswer } from "./http.ts";

/** What a token endpoint gave (RFC 6749 section 5.1). */
export interface TokenGrant {
  readonly accessToken: string;
  readonly tokenType: "DPoP" | "Bearer";
  readonly lifetimeMs: number;
  readonly scope: string | undefined;
}

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

export function readGrant(answer: HttpAnswer, host: string, bound: boolean): TokenGrant {
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

export function readError(answer: HttpAnswer, host: string): IpseError {
  const body = errorBody.safeParse(answer.json);
  const temporary = answer.status >= 500 || answer.status === 429;
  if (temporary) return new IpseError("ERR_TOKEN_UNREACHABLE", `${host} answered ${answer.status}`);
  if (body.success) return new TokenRefusal(body.data.error, body.data.error_description, host);
  return new IpseError("ERR_TOKEN_RESPONSE", `${host} answered ${answer.status} without an OAuth error`);
}
