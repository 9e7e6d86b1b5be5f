import type { IssuedToken } from "@ipse/protocol/host";
import { OAuthError, portableEs256 } from "@ipse/protocol/oauth";
import {
  checkScheme,
  presentedToken,
  type RelyingParty,
  ResourceError,
  verifyAccessToken,
  verifyRequestProof,
} from "@ipse/protocol/verifier";
import { EPOCH_MS } from "../core/index.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Stage } from "../scenarios/stage.ts";
import { API, awaitIssuerKey, ProofKey, requestOf, signAssertions } from "../scenarios/token-client.ts";
import { ISSUER } from "../world/index.ts";

const URL_ASKED = `${API}/orders`;
/** When the thief tries, after the request it saw. */
const TRIES_MS = [0, 50, 1000, 10_000, 60_000, 200_000, 299_000];

/** A resource server that checks tokens offline, as the relying-party plugin does. */
class Resource {
  readonly #stage: Stage;
  readonly #seen = new Set<string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  accepts(authorization: string, proof: string | undefined): boolean {
    const { world, group } = this.#stage;
    const keys = world.oracle(1).node?.tokens?.jwks() ?? [];
    const nowMs = EPOCH_MS + world.now;
    const base = { issuer: ISSUER, audience: API, keys, nowMs, group, verifyEs256: portableEs256 };
    const party: RelyingParty = { ...base, denied: () => false };
    try {
      const presented = presentedToken(authorization);
      const { token: accessToken } = presented;
      const jkt = checkScheme(presented, verifyAccessToken(party, accessToken), true);
      if (jkt === undefined) return true;
      const remember = (name: string): boolean => !this.#seen.has(name) && this.#seen.add(name).size > 0;
      verifyRequestProof(party, jkt, proof ?? "", {
        method: "GET",
        urls: [URL_ASKED],
        accessToken,
        remember,
      });
      return true;
    } catch (error) {
      if (error instanceof ResourceError) return false;
      throw error;
    }
  }
}

function issue(stage: Stage, key: ProofKey): string | undefined {
  const wish = { scope: "read", resource: API, jkt: key.jkt };
  const [assertion] = awaitIssuerKey(stage) ? signAssertions(stage, [wish]) : [];
  if (assertion === undefined) return undefined;
  let result: IssuedToken | OAuthError | undefined;
  const done = (one: IssuedToken | OAuthError): void => {
    result = one;
  };
  stage.world
    .oracle(1)
    .node?.tokens?.issueToken(requestOf(assertion, wish, key.proof(1)), () => undefined, done);
  stage.until(() => result !== undefined, 10_000, "the client gets its token");
  return result === undefined || result instanceof OAuthError ? undefined : result.accessToken;
}

/** Whether anything a thief can make of what it saw opens the resource now. */
function opens(resource: Resource, token: string, seenProof: string | undefined, own: ProofKey): boolean {
  const proofs = [undefined, seenProof, own.proofFor(URL_ASKED, token)];
  return (
    proofs.some((proof) => resource.accepts(`DPoP ${token}`, proof)) ||
    resource.accepts(`Bearer ${token}`, undefined)
  );
}

/** A token of the production issuer is seen, with the request's proof (`wire`) or alone (a log); tells how long it opened the resource. */
export function seenToken(wire: boolean, tell: (usableMs: number) => void): Scenario {
  return {
    number: wire ? 204 : 205,
    name: wire ? "compare-token-on-wire" : "compare-token-in-log",
    expected: ["PREV"],
    summary:
      "Somebody sees a DPoP-bound token in use and tries it, with the proof it saw and with a key of its own.",
    setting: { issuer: true },
    script: (stage) => {
      stage.must(stage.victim.up, "the workload runs");
      const [client, thief] = [new ProofKey(stage, "client"), new ProofKey(stage, "thief")];
      const token = issue(stage, client);
      if (token === undefined) return stage.must(false, "a token is issued");
      const resource = new Resource(stage);
      const proof = client.proofFor(URL_ASKED, token);
      stage.must(resource.accepts(`DPoP ${token}`, proof), "the client's own request is served");
      const from = stage.world.now;
      let usableMs = 0;
      for (const afterMs of TRIES_MS) {
        stage.run(from + afterMs - stage.world.now);
        if (opens(resource, token, wire ? proof : undefined, thief))
          usableMs = Math.max(1, stage.world.now - from);
      }
      stage.must(usableMs === 0, "what was seen opens nothing");
      tell(usableMs);
    },
  };
}
