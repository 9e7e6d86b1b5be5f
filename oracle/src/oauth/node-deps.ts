import type { Clock, InstanceSummary, OracleNode } from "@ipse/protocol/host";
import type { OAuthDeps, OAuthInstance } from "./deps.ts";

const instanceOf = ({ instance, spiffeId, identityKey, status }: InstanceSummary): OAuthInstance => ({
  instance,
  spiffeId,
  identityKey,
  status,
});

/** The part of the routes' needs that an oracle's core fills. */
export function depsOfNode(
  node: OracleNode,
  clock: Clock,
): Omit<OAuthDeps, "issuer" | "verifier" | "declaredUrls" | "signer" | "jwks" | "rates"> {
  return {
    tokens: node.tokens,
    dpopNonces: node.dpopNonces,
    events: node.events,
    nowMs: () => clock.nowMs(),
    burnJti: (key, untilMs) =>
      new Promise((resolve) => {
        node.burn(key, untilMs, resolve);
      }),
    instanceByKid: (kid) => {
      const found = node.instanceByKid(kid);
      return found === undefined ? undefined : instanceOf(found);
    },
    instancesOf: (spiffeId, limit) =>
      new Promise((resolve) => {
        node.instancesOf(spiffeId, limit, (found) => resolve(found.map(instanceOf)));
      }),
    statusOf: (instance) => node.instance(instance)?.status,
    requireCurrent: () => node.requireCurrent(),
    // The executor's throw becomes a rejection.
    revokeToken: (revocation) => new Promise((resolve) => node.revokeToken(revocation, resolve)),
    tokenRevoked: (spiffeId, jti) => node.tokenRevoked(spiffeId, jti),
    workload: (spiffeId) => node.workload(spiffeId),
    resource: (url) => node.resource(url),
  };
}
