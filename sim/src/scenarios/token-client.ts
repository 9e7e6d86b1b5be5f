import { toBase64Url, utf8 } from "@ipse/protocol";
import type { SignableTokenRequest } from "@ipse/protocol/issuer";
import { accessTokenHash, ed25519Jwk, endpointUrl, jwkThumbprint, OAUTH_PATHS } from "@ipse/protocol/oauth";
import { identityKidText } from "@ipse/protocol/policy";
import { EPOCH_MS, type Prng } from "../core/index.ts";
import { ISSUER, RESOURCES, SPIFFE_ID } from "../world/index.ts";
import type { Stage } from "./stage.ts";
import { succeeded } from "./stage-options.ts";

export const [API, BILLING] = RESOURCES;
const ISSUER_KEY_MS = 30_000;

function part(value: object): string {
  return toBase64Url(utf8(JSON.stringify(value)));
}

/** The claims of a client assertion in the simulator. */
export interface AssertionWish {
  readonly scope?: string | undefined;
  readonly resource?: string | undefined;
  readonly jkt?: string | undefined;
}

/** A DPoP key and its proofs (RFC 9449 section 4.2). */
export class ProofKey {
  readonly jkt: string;
  readonly #stage: Stage;
  readonly #seed: Uint8Array;
  readonly #prng: Prng;

  constructor(stage: Stage, name: string) {
    this.#stage = stage;
    this.#prng = stage.prng.fork(`dpop-${name}`);
    this.#seed = this.#prng.bytes(32);
    this.jkt = jwkThumbprint(this.#jwk);
  }

  get #jwk() {
    return ed25519Jwk(this.#stage.group.ed25519.publicKey(this.#seed));
  }

  /** A proof for the token endpoint with a server nonce of this oracle. */
  proof(oracle: number): string {
    const nonce = this.#stage.world.oracle(oracle).node?.dpopNonces.current();
    return this.#sign({ htm: "POST", htu: endpointUrl(ISSUER, OAUTH_PATHS.token), nonce });
  }

  /** A proof for one request to a resource, with the token it goes with. */
  proofFor(htu: string, accessToken: string): string {
    return this.#sign({ htm: "GET", htu, ath: accessTokenHash(accessToken) });
  }

  #sign(claims: object): string {
    const { world, group } = this.#stage;
    const iat = Math.floor((EPOCH_MS + world.now) / 1000);
    const all = { jti: `${this.#prng.u32()}`, iat, ...claims };
    const input = `${part({ typ: "dpop+jwt", alg: "EdDSA", jwk: this.#jwk })}.${part(all)}`;
    return `${input}.${toBase64Url(group.ed25519.sign(this.#seed, utf8(input)))}`;
  }
}

/** Waits until every oracle has made and adopted the cluster's first issuer key. */
export function awaitIssuerKey(stage: Stage): boolean {
  const ready = (): boolean =>
    stage.world.oracles.every(({ node }) => (node?.tokens?.jwks().length ?? 0) > 0);
  return stage.until(ready, ISSUER_KEY_MS, "the oracles make an issuer key");
}

/** Client assertions of the victim, signed by the oracles in one step of its session. */
export function signAssertions(stage: Stage, wishes: readonly AssertionWish[]): string[] {
  const { world, victim, prng } = stage;
  const iat = Math.floor((EPOCH_MS + world.now) / 1000);
  const header = part({
    typ: "client-authentication+jwt",
    alg: "EdDSA",
    kid: identityKidText(stage.genesis.identityKey),
  });
  const inputs = wishes.map(({ scope, resource, jkt }) => {
    const cnf = jkt === undefined ? undefined : { jkt };
    const jti = `${prng.u32()}`;
    const claims = {
      iss: SPIFFE_ID,
      sub: SPIFFE_ID,
      aud: ISSUER,
      iat,
      exp: iat + 60,
      jti,
      scope,
      resource,
      cnf,
    };
    return `${header}.${part(claims)}`;
  });
  const messages = inputs.map((input) => ({ type: "assertion" as const, payload: utf8(input) }));
  const submission = victim.submitMessages(messages, `${messages.length} assertions`);
  world.runUntil(() => submission.outcome !== undefined, 30_000);
  stage.must(succeeded(submission), "the workload signs its assertions");
  const { outcome } = submission;
  const signed = outcome?.ok === true ? outcome.outcomes : [];
  return signed.flatMap((one, i) => (one.ok ? [`${inputs[i]}.${toBase64Url(one.signature)}`] : []));
}

/** The request that belongs to an assertion. */
export function requestOf(assertion: string, wish: AssertionWish, proof?: string): SignableTokenRequest {
  return { assertion, clientId: undefined, scope: wish.scope, resource: wish.resource, proof };
}
