import type { TokenJudge } from "../issuer/index.ts";
import { endpointUrl, OAUTH_PATHS } from "../oauth/metadata.ts";
import { portableEs256 } from "../oauth/verify-jws.ts";
import { endpointOf, workloadOf } from "../registry/registry.ts";
import { records } from "../session/oracle/index.ts";
import type { DpopNonceBook } from "./dpop-nonces.ts";
import type { OracleCore } from "./oracle-core.ts";

/** What an oracle judges client assertions and token requests with, as of now. */
export function tokenJudge(core: OracleCore, nonces: DpopNonceBook): TokenJudge {
  const { view, newest, options } = core;
  const { group, clock, issuer } = options;
  const bases = newest.oracles.flatMap(({ id }) => endpointOf(view, id)?.oauthUrl ?? []);
  return {
    group,
    verifyEs256: issuer?.verifyEs256 ?? portableEs256,
    issuer: newest.issuer,
    tokenUrls: [newest.issuer, ...bases].map((base) => endpointUrl(base, OAUTH_PATHS.token)),
    nowMs: clock.nowMs(),
    instanceByKid: (kid) => {
      const found = view.get(records.kidIndex, kid);
      const record = found === undefined ? undefined : view.get(records.instances, found.instance);
      return record === undefined ? undefined : { ...record.constants, status: record.status };
    },
    workload: (spiffeId) => workloadOf(view, spiffeId),
    acceptNonce: (nonce) => nonces.accepts(nonce),
  };
}
