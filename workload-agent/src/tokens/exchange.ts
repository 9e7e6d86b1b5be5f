import type { DpopKey } from "./dpop.ts";
import { checkUrl, request } from "./http.ts";
import type { TokenWish } from "./token-request.ts";
import { readError, readGrant, type TokenGrant } from "./token-response.ts";

/** Exchanging a token of our issuer at somebody else's token service (RFC 8693), as clouds' workload federation does. */
export interface Exchange {
  /** The token service's endpoint. */
  readonly url: string;
  /** What the service calls itself: the resource of the token we bring. Default: its URL. */
  readonly audience?: string | undefined;
}

/** https://www.rfc-editor.org/rfc/rfc8693#section-2.1 */
const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";

/** What the subject token is asked for at our own issuer. */
export function subjectWish({ url, audience }: Exchange): TokenWish {
  return { resource: audience ?? url };
}

/**
 * One exchange. The service trusts our issuer's discovery document; it needs no client authentication, and what it
 * returns is a bearer token. Throws TokenRefusal, ERR_TOKEN_*.
 */
export async function exchangeToken(
  { url }: Exchange,
  subject: TokenGrant,
  wish: TokenWish,
  timeoutMs: number,
): Promise<{ readonly grant: TokenGrant; readonly key: DpopKey | undefined }> {
  const endpoint = checkUrl(url, "the token service");
  const { resource, scope } = wish;
  const body = new URLSearchParams({
    grant_type: GRANT_TYPE,
    subject_token: subject.accessToken,
    subject_token_type: JWT_TYPE,
    requested_token_type: ACCESS_TOKEN_TYPE,
    // Clouds read `audience`, RFC 8707 servers `resource`.
    audience: resource,
    resource,
    ...(scope === undefined ? {} : { scope }),
  });
  const headers = new Headers({ accept: "application/json" });
  const answer = await request(endpoint, { method: "POST", headers, body }, timeoutMs);
  if (answer.status !== 200) throw readError(answer, endpoint.host);
  return { grant: readGrant(answer, endpoint.host, false), key: undefined };
}
