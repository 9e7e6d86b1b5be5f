import { randomBytes } from "node:crypto";
import { check, toBase64Url, utf8 } from "@ipse/protocol";

/** Who signs: what a client assertion says about its maker. */
export interface AssertionIdentity {
  readonly spiffeId: string;
  /** RFC 7638 thumbprint of the instance's identity key. */
  readonly kid: string;
  /** The cluster's own issuer. */
  readonly issuer: string;
}

/** What a client assertion is for. Scope, resource and jkt bind it to one request at our own issuer. */
export interface AssertionRequest {
  readonly audience: string;
  readonly scope?: string | undefined;
  readonly resource?: string | undefined;
  /** RFC 7638 thumbprint of the DPoP key; absent: a bearer token. */
  readonly jkt?: string | undefined;
}

/** Lifetime: the most that the profile allows (RFC 7523 section 3; SPEC section 10). */
export const ASSERTION_SECONDS = 60;

/** Signs exactly these bytes with the threshold key. */
export type AssertionSigner = (signingInput: Uint8Array) => Promise<Uint8Array>;

const encodePart = (part: object): string => toBase64Url(utf8(JSON.stringify(part)));

/** The claims beyond RFC 7523 that name what an assertion may be used for (SPEC section 10). */
function bindingClaims(identity: AssertionIdentity, request: AssertionRequest): object {
  const { scope, resource, jkt } = request;
  const binds = scope !== undefined || resource !== undefined || jkt !== undefined;
  check(
    !binds || request.audience === identity.issuer,
    "ERR_ASSERTION_BINDING",
    `scope, resource and jkt go into assertions for the cluster's own issuer alone (${identity.issuer})`,
  );
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
  };
}

/** The JWS signing input (RFC 7515 section 5.1) of a fresh client assertion (RFC 7523). */
export function assertionSigningInput(
  identity: AssertionIdentity,
  request: AssertionRequest,
  nowMs: number,
): string {
  const iat = Math.floor(nowMs / 1000);
  const header = { typ: "client-authentication+jwt", alg: "EdDSA", kid: identity.kid };
  const claims = {
    iss: identity.spiffeId,
    sub: identity.spiffeId,
    aud: request.audience,
    iat,
    exp: iat + ASSERTION_SECONDS,
    jti: randomBytes(16).toString("base64url"),
    ...bindingClaims(identity, request),
  };
  return `${encodePart(header)}.${encodePart(claims)}`;
}

/** A signed client assertion in compact serialization. */
export async function makeAssertion(
  identity: AssertionIdentity,
  request: AssertionRequest,
  sign: AssertionSigner,
  nowMs: number,
): Promise<string> {
  const input = assertionSigningInput(identity, request, nowMs);
  return `${input}.${toBase64Url(await sign(utf8(input)))}`;
}
