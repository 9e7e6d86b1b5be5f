import { toBase64Url, utf8 } from "@ipse/protocol";
import type { SignableTokenRequest } from "@ipse/protocol/issuer";
import { parseCompactJwt } from "@ipse/protocol/oauth";
import { SPIFFE_ID } from "../world/index.ts";
import { inputOf, RogueCoordinator, subjectOf, type TokenSubject } from "./rogue-coordinator.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import {
  API,
  type AssertionWish,
  awaitIssuerKey,
  BILLING,
  ProofKey,
  requestOf,
  signAssertions,
} from "./token-client.ts";

/** What the coordinator makes of a request that its client sent in good faith. */
type Lie = (
  honest: TokenSubject,
  swap: (changes: Partial<SignableTokenRequest>, jkt?: string) => TokenSubject,
) => TokenSubject;

interface People {
  readonly client: ProofKey;
  readonly thief: ProofKey;
  readonly rogue: number;
}

/** The assertion with other claims under its old signature. */
export function rewritten(assertion: string, changes: object): string {
  const [header = "", , signature = ""] = assertion.split(".");
  const claims = { ...parseCompactJwt(assertion).claims, ...changes };
  return [header, toBase64Url(utf8(JSON.stringify(claims))), signature].join(".");
}

function liesOf({ client, thief, rogue }: People): readonly [string, AssertionWish, Lie][] {
  const bearer = { scope: "read", resource: API };
  const bound = { ...bearer, jkt: client.jkt };
  return [
    ["scope widened", bearer, (_honest, swap) => swap({ scope: "read write" })],
    ["scope dropped", bearer, (_honest, swap) => swap({ scope: undefined })],
    ["resource swapped", bearer, (_honest, swap) => swap({ resource: BILLING })],
    ["resource dropped", bearer, (_honest, swap) => swap({ resource: undefined })],
    ["client id swapped", bearer, (_honest, swap) => swap({ clientId: `${SPIFFE_ID}2` })],
    ["DPoP key swapped", bound, (_honest, swap) => swap({ proof: thief.proof(rogue) }, thief.jkt)],
    ["DPoP proof dropped", bound, (_honest, swap) => swap({ proof: undefined })],
    ["DPoP proof added", bearer, (_honest, swap) => swap({ proof: thief.proof(rogue) }, thief.jkt)],
    [
      "assertion rewritten",
      bearer,
      (honest, swap) => {
        const assertion = rewritten(honest.request.assertion, { scope: "read write" });
        return swap({ assertion, scope: "read write" });
      },
    ],
    [
      "lifetime stretched",
      bearer,
      (honest) => ({ ...honest, terms: { ...honest.terms, ttlSeconds: 86_400 } }),
    ],
    [
      "time moved",
      bearer,
      (honest) => ({ ...honest, terms: { ...honest.terms, iat: honest.terms.iat + 120 } }),
    ],
    [
      "claims not shown",
      bearer,
      (honest) => ({ ...honest, terms: { ...honest.terms, claimsDigest: new Uint8Array(32) } }),
    ],
  ];
}

/** The proof goes along as the client made it, unless the lie is about it. */
function told(stage: Stage, assertion: string, wish: AssertionWish, client: ProofKey, rogue: number) {
  const proof = wish.jkt === undefined ? undefined : client.proof(rogue);
  const request = requestOf(assertion, wish, proof);
  const swap = (changes: Partial<SignableTokenRequest>, jkt?: string): TokenSubject => {
    const changed = { ...request, ...changes };
    const kept = changed.proof === request.proof ? wish.jkt : jkt;
    const subject = subjectOf(stage, { ...changed, resource: changed.resource ?? API }, kept);
    return { ...subject, request: changed };
  };
  return { honest: subjectOf(stage, request, wish.jkt), swap };
}

/** A coordinator swaps scope, resource or DPoP key of a request, or anything else: no co-signer gives it a share. */
export const lyingCoordinator: Scenario = {
  number: 41,
  name: "lying-coordinator",
  expected: ["PREV"],
  summary:
    "A coordinator makes another token of a request; every co-signer judges the request itself and refuses.",
  setting: { issuer: true },
  script: (stage) => {
    const { prng, victim } = stage;
    stage.must(victim.up && awaitIssuerKey(stage), "the cluster issues tokens");
    const [id = 1] = stage.someOracles(1);
    const rogue = new RogueCoordinator(stage, id);
    const [client, thief] = [new ProofKey(stage, "client"), new ProofKey(stage, "thief")];
    const lies = prng.shuffle(liesOf({ client, thief, rogue: id }));
    const bound = { scope: "read", resource: API, jkt: client.jkt };
    const assertions = signAssertions(stage, [bound, ...lies.map(([, wish]) => wish)]);
    const [first, ...rest] = assertions;
    if (first === undefined || rest.length !== lies.length) return;
    lies.forEach(([name, wish, lie], i) => {
      const { honest, swap } = told(stage, rest[i] ?? "", wish, client, id);
      const { commitments, shares } = rogue.try(lie(honest, swap));
      stage.must(commitments.size === 0 && shares.size === 0, `no co-signer signs another token: ${name}`);
    });
    // The same coordinator gets a token for what its client asked for, once, and one share of each signer.
    rogue.signsTwice = prng.chance(0.5);
    const { honest } = told(stage, first, bound, client, id);
    const attempt = rogue.try(honest);
    const input = inputOf(stage, attempt.key, honest, client.jkt);
    stage.must(rogue.signsTwice || rogue.completes(attempt, input), "the token that was asked for is signed");
    stage.must(attempt.shares.size > 0 && attempt.extraShares === 0, "one share a slot");
    stage.must(stage.sign(victim), "the workload goes on");
  },
};
