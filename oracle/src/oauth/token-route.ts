import type { IssuedToken, OracleTokenApi } from "@ipse/protocol/host";
import {
  type Burn,
  judgeRequest,
  requireActive,
  type SignableTokenRequest,
  type TokenJudge,
} from "@ipse/protocol/issuer";
import {
  allow,
  buildAccessTokenClaims,
  OAuthError,
  parseForm,
  parseTokenRequest,
} from "@ipse/protocol/oauth";
import type { FastifyRequest } from "fastify";
import type { OAuthDeps } from "./deps.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";

export interface TokenContext {
  readonly deps: OAuthDeps;
  readonly judge: TokenJudge;
  readonly clients: KeyedLimiter;
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: "DPoP" | "Bearer";
  readonly expires_in: number;
  readonly scope?: string;
}

/** Makes assertion and proof single-use, durably, before anything that depends on them leaves. */
async function burn(deps: OAuthDeps, [assertion, proof]: readonly Burn[]): Promise<void> {
  const use = (one: Burn | undefined): true | Promise<boolean> =>
    one === undefined || deps.burnJti(one.key, one.untilMs);
  const [fresh, proven] = await Promise.all([use(assertion), use(proof)]);
  allow(fresh, "invalid_client", "the client assertion was used before");
  allow(proven, "invalid_dpop_proof", "the DPoP proof was used before");
}

/**
 * Mode `local`: judged like everywhere, signed by this oracle's own key. All refusals come before the burn; status
 * and policy are read again after it. Throws OAuthError.
 */
async function issueAlone(
  { deps, judge, clients }: TokenContext,
  asked: SignableTokenRequest,
): Promise<TokenResponse> {
  deps.requireCurrent();
  const judged = judgeRequest(judge, asked);
  const { instance, spiffeId } = judged.instance;
  limit(clients, spiffeId);
  const proposed = { iat: Math.floor(deps.nowMs() / 1000), jti: judged.jti };
  const subject = { issuer: deps.issuer, instance, request: asked, jkt: judged.jkt };
  buildAccessTokenClaims({ ...subject, workload: judged.workload }, proposed);
  await burn(deps, judged.burns);
  deps.requireCurrent();
  requireActive(deps.statusOf(instance));
  const workload = deps.workload(spiffeId);
  allow(workload !== undefined, "invalid_client", "the workload does not exist");
  const claims = buildAccessTokenClaims({ ...subject, workload }, proposed);
  return {
    access_token: deps.signer.sign(claims),
    token_type: judged.jkt === undefined ? "Bearer" : "DPoP",
    expires_in: claims.exp - claims.iat,
    ...(claims.scope === undefined ? {} : { scope: claims.scope }),
  };
}

/** The DPoP header as it came; it may be many, or empty, and is judged like any other text. */
function proofText(request: FastifyRequest): string | undefined {
  const header = request.headers["dpop"];
  allow(header === undefined || typeof header === "string", "invalid_dpop_proof", "more than one DPoP proof");
  return header;
}

/** Mode `threshold`: this oracle coordinates, q of them judge and sign (SPEC section 10). */
async function issueTogether(
  tokens: OracleTokenApi,
  { clients }: TokenContext,
  asked: SignableTokenRequest,
): Promise<TokenResponse> {
  // After the signature, so that nobody can use up another client's rate.
  const admit = (spiffeId: string): void => limit(clients, spiffeId);
  const issued = await new Promise<IssuedToken>((resolve, reject) => {
    tokens.issueToken(asked, admit, (result) =>
      result instanceof OAuthError ? reject(result) : resolve(result),
    );
  });
  return {
    access_token: issued.accessToken,
    token_type: issued.tokenType,
    expires_in: issued.expiresIn,
    ...(issued.scope === undefined ? {} : { scope: issued.scope }),
  };
}

/** The token endpoint (RFC 6749 section 4.4 with RFC 7523 and RFC 9449). Throws OAuthError. */
export async function issueToken(context: TokenContext, request: FastifyRequest): Promise<TokenResponse> {
  const basic = request.headers.authorization !== undefined;
  allow(!basic, "invalid_request", "clients authenticate with private_key_jwt in the body alone");
  const { clientAssertion: assertion, ...rest } = parseTokenRequest(parseForm(request.body as string));
  const asked = { assertion, ...rest, proof: proofText(request) };
  const { tokens } = context.deps;
  return tokens === undefined ? issueAlone(context, asked) : issueTogether(tokens, context, asked);
}
