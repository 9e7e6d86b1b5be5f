import type { Group } from "@ipse/protocol/group";
import type { DpopNonceApi } from "@ipse/protocol/host";
import type { TokenJudge } from "@ipse/protocol/issuer";
import { endpointUrl, OAUTH_PATHS, type VerifyEs256 } from "@ipse/protocol/oauth";
import type { Workload } from "@ipse/protocol/registry";
import type { OAuthDeps, OAuthInstance } from "./deps.ts";

/** What this oracle judges clients and their requests with, always as of now. */
export class RequestJudge implements TokenJudge {
  readonly group: Group;
  readonly verifyEs256: VerifyEs256;
  readonly #deps: OAuthDeps;
  readonly #nonces: DpopNonceApi;

  constructor(deps: OAuthDeps, nonces: DpopNonceApi) {
    this.#deps = deps;
    this.#nonces = nonces;
    this.group = deps.verifier.group;
    this.verifyEs256 = deps.verifier.verifyEs256;
  }

  get issuer(): string {
    return this.#deps.issuer;
  }

  get nowMs(): number {
    return this.#deps.nowMs();
  }

  get tokenUrls(): readonly string[] {
    const { issuer, declaredUrls } = this.#deps;
    return [...new Set([issuer, ...declaredUrls])].map((base) => endpointUrl(base, OAUTH_PATHS.token));
  }

  instanceByKid(kid: Uint8Array): OAuthInstance | undefined {
    return this.#deps.instanceByKid(kid);
  }

  workload(spiffeId: string): Workload | undefined {
    return this.#deps.workload(spiffeId);
  }

  acceptNonce(nonce: string): boolean {
    return this.#nonces.accepts(nonce);
  }
}
