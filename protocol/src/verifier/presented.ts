import { permit } from "./verify-access-token.ts";

/** How a token came along: RFC 6750 section 2.1 or RFC 9449 section 7.1, in the Authorization header alone. */
export interface Presented {
  readonly scheme: "Bearer" | "DPoP";
  readonly token: string;
}

const AUTHORIZATION = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

/** Reads an Authorization header. Throws ResourceError invalid_request or, without one, invalid_token. */
export function presentedToken(authorization: string | undefined): Presented {
  permit(authorization !== undefined, "invalid_token", "an access token is needed");
  const [, scheme, token] = AUTHORIZATION.exec(authorization) ?? [];
  permit(scheme !== undefined && token !== undefined, "invalid_request", "not a Bearer or DPoP token");
  return { scheme: scheme.toLowerCase() === "dpop" ? "DPoP" : "Bearer", token };
}

/**
 * Whether a token may come under this scheme: a bound one never as a bearer token (RFC 9449 section 7.2: that would
 * drop the proof), an unbound one never as DPoP. Returns the key it is bound to. Throws ResourceError.
 */
export function checkScheme(
  { scheme }: Presented,
  { cnf }: { readonly cnf?: { readonly jkt: string } | undefined },
  bearerAccepted: boolean,
): string | undefined {
  if (cnf === undefined) {
    permit(scheme === "Bearer", "invalid_token", "the token is not bound to a key");
    permit(bearerAccepted, "invalid_token", "this resource takes DPoP-bound tokens alone");
    return undefined;
  }
  permit(scheme === "DPoP", "invalid_token", "the token is bound to a key; it needs its proof");
  return cnf.jkt;
}
