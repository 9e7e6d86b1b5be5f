import { type AssertionClaims, checkBinding, type TokenRequest } from "@ipse/protocol/oauth";
import { SPIFFE_ID } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** Whether a co-signer would sign for this request: the production check, nothing else. */
export function coSigns(claims: AssertionClaims, request: TokenRequest, jkt: string | undefined): boolean {
  try {
    checkBinding(claims, request, jkt);
    return true;
  } catch {
    return false;
  }
}

/** A coordinator swaps scope, resource or DPoP key of a request: no co-signer signs. */
export const lyingCoordinator: Scenario = {
  number: 41,
  name: "lying-coordinator",
  expected: ["PREV"],
  summary:
    "A coordinator turns a request into another token; the assertion names what it is for, co-signers compare.",
  script: (stage) => {
    const { prng } = stage;
    stage.must(stage.sign(stage.victim), "the cluster works");
    const jkt = "k".repeat(43);
    const claims: AssertionClaims = {
      iss: SPIFFE_ID,
      sub: SPIFFE_ID,
      aud: "https://issuer.sim.ipse",
      exp: 60,
      iat: 0,
      jti: `${prng.u32()}`,
      scope: "read",
      resource: "https://api.sim.ipse",
      cnf: { jkt },
    };
    const honest: TokenRequest = {
      clientAssertion: "",
      clientId: SPIFFE_ID,
      scope: "read",
      resource: "https://api.sim.ipse",
    };
    stage.must(coSigns(claims, honest, jkt), "the honest request is signed");
    const swapped: [TokenRequest, string | undefined][] = [
      [{ ...honest, scope: "read write" }, jkt],
      [{ ...honest, scope: undefined }, jkt],
      [{ ...honest, resource: "https://other.sim.ipse" }, jkt],
      [{ ...honest, clientId: `${SPIFFE_ID}2` }, jkt],
      [honest, "x".repeat(43)],
      [honest, undefined],
    ];
    for (const [request, key] of swapped)
      stage.must(
        !(stage.broken.has("assertion-binding") || coSigns(claims, request, key)),
        "no co-signer signs another token",
      );
  },
};
