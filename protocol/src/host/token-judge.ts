import type { Group } from "../group/group.ts";
import type { JudgedInstance, TokenJudge } from "../issuer/index.ts";
import { endpointUrl, OAUTH_PATHS } from "../oauth/metadata.ts";
import { portableEs256, type VerifyEs256 } from "../oauth/verify-jws.ts";
import { endpointOf, workloadOf } from "../registry/registry.ts";
import type { Workload } from "../registry/statement.ts";
import { records } from "../session/oracle/index.ts";
import type { DpopNonceBook } from "./dpop-nonces.ts";
import type { OracleCore } from "./oracle-core.ts";

/** What an oracle judges client assertions and token requests with, always as of now. */
class CoreJudge implements TokenJudge {
  readonly group: Group;
  readonly verifyEs256: VerifyEs256;
  readonly #core: OracleCore;
  readonly #nonces: DpopNonceBook;

  constructor(core: OracleCore, nonces: DpopNonceBook) {
    const { group, issuer } = core.options;
    this.#core = core;
    this.#nonces = nonces;
    this.group = group;
    this.verifyEs256 = issuer?.verifyEs256 ?? portableEs256;
  }

  get issuer(): string {
    return this.#core.newest.issuer;
  }

  get nowMs(): number {
    return this.#core.options.clock.nowMs();
  }

  /** Looked up when a proof names a URL, and only then. */
  get tokenUrls(): readonly string[] {
    const { newest, view } = this.#core;
    const bases = newest.oracles.flatMap(({ id }) => endpointOf(view, id)?.oauthUrl ?? []);
    return [...new Set([newest.issuer, ...bases])].map((base) => endpointUrl(base, OAUTH_PATHS.token));
  }

  instanceByKid(kid: Uint8Array): JudgedInstance | undefined {
    const { view } = this.#core;
    const found = view.get(records.kidIndex, kid);
    const record = found === undefined ? undefined : view.get(records.instances, found.instance);
    if (record === undefined) return undefined;
    const { instance, spiffeId, identityKey } = record.constants;
    return { instance, spiffeId, identityKey, status: record.status };
  }

  workload(spiffeId: string): Workload | undefined {
    return workloadOf(this.#core.view, spiffeId);
  }

  acceptNonce(nonce: string): boolean {
    return this.#nonces.accepts(nonce);
  }
}

export function tokenJudge(core: OracleCore, nonces: DpopNonceBook): TokenJudge {
  return new CoreJudge(core, nonces);
}
