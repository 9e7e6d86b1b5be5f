import { fromBase64Url, utf8 } from "../bytes.ts";
import { type Hash, taggedHash } from "../encoding/index.ts";
import { parseWith } from "../encoding/schema.ts";
import { IpseError } from "../errors.ts";
import { TTL_SECONDS_MAX } from "../limits.ts";
import { tokenJti } from "../oauth/access-token.ts";
import { type AssertionClaims, assertionHeader, checkAssertionClaims } from "../oauth/assertion.ts";
import { checkDpopProofClaims, type DpopProof, dpopKey } from "../oauth/dpop.ts";
import { parseCompactJwt, type UnverifiedJwt } from "../oauth/jwt.ts";
import { allow, OAuthError, type OAuthErrorName } from "../oauth/oauth-error.ts";
import { ed25519Jwk } from "../oauth/thumbprint.ts";
import { checkBinding } from "../oauth/token-request.ts";
import { type JwsVerifier, jwsVerifies } from "../oauth/verify-jws.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import type { Workload } from "../registry/statement.ts";
import type { InstanceStatus } from "../session/status.ts";
import type { SignableTokenRequest } from "./proposal.ts";

/** An instance as it stands at this oracle. */
export interface JudgedInstance {
  readonly instance: Hash;
  readonly spiffeId: string;
  readonly identityKey: Uint8Array;
  readonly status: InstanceStatus;
}

/** What one oracle judges with: its own registry, its own clock. */
export interface TokenJudge extends JwsVerifier {
  readonly issuer: string;
  /** URLs of the token endpoint under every base URL of the cluster; DPoP `htu` is one of them. */
  readonly tokenUrls: readonly string[];
  readonly nowMs: number;
  instanceByKid(kid: Uint8Array): JudgedInstance | undefined;
  workload(spiffeId: string): Workload | undefined;
  acceptNonce(nonce: string): boolean;
}

/** Something that is used up for ever: its name, and until when a repetition must be refused. */
export interface Burn {
  readonly key: Uint8Array;
  readonly untilMs: number;
  /** What to call it, and the error of a request that uses it again. */
  readonly what: string;
  readonly refusal: OAuthErrorName;
}

/** A request whose client proved itself, and which is bound to its scope, resource and DPoP key. */
export interface JudgedRequest {
  readonly instance: JudgedInstance;
  readonly workload: Workload;
  readonly claims: AssertionClaims;
  /** Thumbprint of the DPoP key; undefined: a bearer token. */
  readonly jkt: string | undefined;
  /** The `jti` of the token this request may get. */
  readonly jti: string;
  readonly burns: readonly Burn[];
}

/** Runs a check of the protocol; what it refuses becomes this OAuth error. */
function refusedAs<T>(error: OAuthErrorName, what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof OAuthError || !(cause instanceof IpseError)) throw cause;
    throw new OAuthError(error, `${what} is refused: ${cause.message}`, { cause });
  }
}

/** The name of a use, the same in every mode of issuing tokens. */
export function burnKey(kind: "assertion" | "dpop", by: string, jti: string): Uint8Array {
  return taggedHash(`ipse/v1/burn-${kind}`, utf8(JSON.stringify([by, jti])));
}

/** What a client assertion uses up. */
export function assertionBurn({ iss, jti, exp }: AssertionClaims): Burn {
  const untilMs = exp * 1000 + TOLERANCES.assertionMs;
  const key = burnKey("assertion", iss, jti);
  return { key, untilMs, what: "the client assertion", refusal: "invalid_client" };
}

/** Throws OAuthError invalid_client unless the instance is active here. */
export function requireActive(status: InstanceStatus | undefined): void {
  allow(status === "active", "invalid_client", `the instance is ${status ?? "unknown"}`);
}

/** Whose assertion this is, its signature verified; times are not judged. */
function provenAssertion(judge: TokenJudge, assertion: string) {
  const asClient = <T>(run: () => T): T => refusedAs("invalid_client", "the client assertion", run);
  const jwt = asClient(() => parseCompactJwt(assertion));
  const { kid } = asClient(() => parseWith(assertionHeader, jwt.header, "ERR_ASSERTION_HEADER"));
  const instance = judge.instanceByKid(fromBase64Url(kid) ?? new Uint8Array());
  allow(instance !== undefined, "invalid_client", "kid names no instance this oracle knows");
  const signed = jwsVerifies(judge, assertion, jwt.signingInput, ed25519Jwk(instance.identityKey));
  allow(signed, "invalid_client", "the client assertion's signature does not verify");
  return { jwt, kid, instance, asClient };
}

/** A client that proved itself with an assertion of one of its instances. */
export interface JudgedClient {
  readonly jwt: UnverifiedJwt;
  readonly instance: JudgedInstance;
  readonly workload: Workload;
  readonly claims: AssertionClaims;
}

/**
 * private_key_jwt (RFC 7523 section 3): the kid names the instance, any active instance of a workload speaks for
 * it, and the audience is our issuer alone. Whether the jti was used is the caller's to burn. Throws OAuthError.
 */
export function judgeAssertion(judge: TokenJudge, assertion: string): JudgedClient {
  const { jwt, kid, instance, asClient } = provenAssertion(judge, assertion);
  const { spiffeId } = instance;
  const claims = asClient(() => checkAssertionClaims(jwt, { spiffeId, kid, nowMs: judge.nowMs }));
  allow(claims.aud === judge.issuer, "invalid_client", "aud must be the issuer and nothing else");
  requireActive(instance.status);
  const workload = judge.workload(spiffeId);
  allow(workload !== undefined, "invalid_client", "the workload does not exist");
  return { jwt, instance, workload, claims };
}

/** Verifies a DPoP proof for the token endpoint (RFC 9449 section 4.3) but for its replay. Throws OAuthError. */
function judgeProof(judge: TokenJudge, proof: string): DpopProof {
  const jwt: UnverifiedJwt = refusedAs("invalid_dpop_proof", "the DPoP proof", () => parseCompactJwt(proof));
  const { jwk } = dpopKey(jwt);
  const signed = jwsVerifies(judge, proof, jwt.signingInput, jwk);
  allow(signed, "invalid_dpop_proof", "the DPoP proof's signature does not verify");
  const { nowMs, tokenUrls: urls } = judge;
  const acceptNonce = (nonce: string): boolean => judge.acceptNonce(nonce);
  return checkDpopProofClaims(jwt, jwk, { method: "POST", urls, nowMs, acceptNonce });
}

/**
 * Judges a token request, the same at its coordinator and at every co-signer: the client assertion (RFC 7523
 * section 3; aud is our issuer alone), the instance, the DPoP proof, and that the assertion was made for exactly
 * this request (SPEC section 10). Nothing is used up yet. Throws OAuthError.
 */
export function judgeRequest(judge: TokenJudge, request: SignableTokenRequest): JudgedRequest {
  const { jwt, instance, workload, claims } = judgeAssertion(judge, request.assertion);
  const proof = request.proof === undefined ? undefined : judgeProof(judge, request.proof);
  const { clientId, scope, resource } = request;
  checkBinding(claims, { clientAssertion: request.assertion, clientId, scope, resource }, proof?.jkt);
  const assertion = assertionBurn(claims);
  const dpop =
    proof === undefined
      ? []
      : [
          {
            key: burnKey("dpop", proof.jkt, proof.jti),
            untilMs: Math.ceil(proof.replayUntilMs),
            what: "the DPoP proof",
            refusal: "invalid_dpop_proof",
          } as const,
        ];
  return {
    instance,
    workload,
    claims,
    jkt: proof?.jkt,
    jti: tokenJti(jwt.signingInput),
    burns: [assertion, ...dpop],
  };
}

/** Whose token is to end, and when the last one that the client can have meant expires. */
export interface JudgedRevocation {
  readonly spiffeId: string;
  readonly tokensEndMs: number;
}

/**
 * Whose token is to end (RFC 7009 section 2.1): the workload that signed this assertion. It must not be one that was
 * made for a token (scope, resource or key named), so that nobody who saw a token request can end the token.
 * `fresh`: the client is here now; otherwise an oracle passes on what it accepted earlier. Throws OAuthError.
 */
export function judgeRevocation(judge: TokenJudge, assertion: string, fresh: boolean): JudgedRevocation {
  const { jwt, kid, instance, asClient } = provenAssertion(judge, assertion);
  const { iat } = jwt.claims;
  const nowMs = fresh || typeof iat !== "number" ? judge.nowMs : iat * 1000;
  const { spiffeId } = instance;
  const claims = asClient(() => checkAssertionClaims(jwt, { spiffeId, kid, nowMs }));
  allow(claims.aud === judge.issuer, "invalid_client", "aud must be the issuer and nothing else");
  const unbound = claims.scope === undefined && claims.resource === undefined && claims.cnf === undefined;
  allow(unbound, "invalid_client", "the client assertion was made for a token");
  const clocksMs = TOLERANCES.assertionMs + TOLERANCES.tokenIatMs + 1000;
  return { spiffeId, tokensEndMs: (claims.iat + TTL_SECONDS_MAX) * 1000 + clocksMs };
}
