import { jwkThumbprint, type PublicJwk, parseCompactJwt } from "@ipse/protocol/oauth";
import type { Checker } from "./checker.ts";
import { type CosignedPart, watchCosigning } from "./cosigning.ts";

/** What differs between a request and what its client's assertion was made for. */
function swapped({ subject }: CosignedPart): string | undefined {
  const { assertion, scope, resource, clientId, proof } = subject.request;
  const { claims } = parseCompactJwt(assertion);
  const cnf = claims["cnf"] as { jkt?: string } | undefined;
  const jwk = proof === undefined ? undefined : (parseCompactJwt(proof).header["jwk"] as PublicJwk);
  if (claims["scope"] !== scope) return "the scope";
  if (claims["resource"] !== resource) return "the resource";
  if (clientId !== undefined && clientId !== claims["sub"]) return "the client";
  return cnf?.jkt === (jwk === undefined ? undefined : jwkThumbprint(jwk)) ? undefined : "the DPoP key";
}

/** SPEC section 10: a lying coordinator cannot turn an assertion into another token. */
export const tokenBound: Checker = {
  name: "token-bound",
  promise:
    "a co-signer commits to a token only for the scope, resource and DPoP key its client's assertion names",
  watch: ({ world }) => {
    if (world.issuer === undefined) return {};
    const judge = (part: CosignedPart): void => {
      const what = world.oracle(part.oracle).correct ? swapped(part) : undefined;
      if (what === undefined) return;
      world.violate("token-bound", `o${part.oracle} goes along with a coordinator that swapped ${what}`);
    };
    return watchCosigning(judge, judge);
  },
};
