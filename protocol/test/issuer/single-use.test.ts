import { describe, expect, test } from "vitest";
import type { SignableTokenRequest } from "../../src/issuer/index.ts";
import { TTL_SECONDS_MAX } from "../../src/limits.ts";
import { OAuthError } from "../../src/oauth/index.ts";
import { POLICY, ProofKey, TokenWorld } from "./token-world.ts";

describe("an assertion is used once", () => {
  const replays: [string, (world: TokenWorld, request: SignableTokenRequest) => void, number][] = [
    ["at the same oracle", () => undefined, 1],
    ["at another oracle", () => undefined, 3],
    [
      "after a restart of all oracles",
      (world) => {
        for (const id of world.cluster.ids) world.cluster.crashOracle(id, 0);
        for (const id of world.cluster.ids) world.cluster.startOracle(id);
        world.cluster.world.settle(5_000);
      },
      2,
    ],
  ];
  test.each(replays)("replayed %s", (_name, between, where) => {
    const world = new TokenWorld("replay");
    const request = world.request();
    expect(world.askOne(1, request)).toBe("token");
    between(world, request);
    expect(world.askOne(where, request)).toBe("invalid_client");
  });

  test("another assertion with the same jti", () => {
    const world = new TokenWorld("same jti");
    expect(world.askOne(1, world.request({}, { jti: "same" }))).toBe("token");
    expect(world.askOne(2, world.request({}, { jti: "same", exp: world.seconds + 30 }))).toBe(
      "invalid_client",
    );
  });

  test.each([1, 2, 3, 4, 5, 6])("shown to all oracles at once (%i): at most one token", (run) => {
    const world = new TokenWorld(`all at once ${run}`);
    const outcomes = world.ask(world.cluster.ids, world.request());
    expect(outcomes).toHaveLength(4);
    expect(outcomes.filter((one) => !(one instanceof OAuthError)).length).toBeLessThanOrEqual(1);
  });

  test("shown to all oracles in other seconds each: at most one token", () => {
    const world = new TokenWorld("other iat");
    const request = world.request();
    const results: unknown[] = [];
    for (const id of world.cluster.ids) {
      world.cluster.node(id)?.tokens?.issueToken(
        request,
        () => undefined,
        (result) => results.push(result),
      );
      world.cluster.world.settle(1_000, () => false);
    }
    world.cluster.world.settle(6_000);
    expect(results).toHaveLength(4);
    expect(results.filter((one) => !(one instanceof OAuthError))).toHaveLength(1);
  });

  test("a DPoP proof used before is refused with another assertion at another oracle", () => {
    const world = new TokenWorld("proof replay");
    const key = new ProofKey("victim");
    const proof = key.proof(world, world.cluster.node(1)?.dpopNonces.current());
    const request = () => world.request({ proof }, { cnf: { jkt: key.jkt } });
    expect(world.askOne(1, request())).toBe("token");
    expect(world.askOne(3, request())).toBe("invalid_dpop_proof");
  });
});

describe("a token its client ended", () => {
  const ended = (world: TokenWorld, jti: string) =>
    world.cluster.ids.map((id) => world.cluster.node(id)?.tokenRevoked(POLICY.spiffeId, jti));
  const unbound = { scope: undefined, resource: undefined };
  const revocation = (world: TokenWorld, jti: string, assertion = world.assertion(unbound)) => ({
    assertion,
    jti,
    expMs: world.cluster.world.clock.nowMs() + 300_000,
  });

  test("is ended at every oracle, also at one that was away", () => {
    const world = new TokenWorld("ended");
    world.cluster.crashOracle(4, 0);
    world.cluster.node(1)?.revokeToken(revocation(world, "t1"), () => undefined);
    world.cluster.world.settle(1_000);
    world.cluster.startOracle(4);
    world.cluster.world.settle(1_000);
    expect(ended(world, "t1")).toEqual([true, true, true, true]);
    expect(ended(world, "t2")).toEqual([false, false, false, false]);
  });

  test("is not ended by an assertion that was made for a token", () => {
    const world = new TokenWorld("stolen assertion");
    const run = () =>
      world.cluster.node(1)?.revokeToken(revocation(world, "t1", world.assertion()), () => {});
    expect(run).toThrow("made for a token");
    world.cluster
      .node(2)
      ?.onPeerMessage(1, { kind: "tokenRevoked", ...revocation(world, "t1", world.assertion()) });
    world.cluster.world.settle(1_000);
    expect(ended(world, "t1")).toEqual([false, false, false, false]);
  });

  test("is not ended by a peer without its client's word", () => {
    const world = new TokenWorld("peer's word");
    const forged = `${world.assertion(unbound).slice(0, -6)}AAAAAA`;
    world.cluster.node(2)?.onPeerMessage(1, { kind: "tokenRevoked", ...revocation(world, "t1", forged) });
    world.cluster.world.settle(1_000);
    expect(ended(world, "t1")[1]).toBe(false);
  });

  test("is not ended by an old word of its client about another token, which a lying peer kept", () => {
    const world = new TokenWorld("kept word");
    const iat = world.seconds - TTL_SECONDS_MAX;
    const kept = world.assertion({ ...unbound, iat, exp: iat + 60 });
    world.cluster.node(2)?.onPeerMessage(1, { kind: "tokenRevoked", ...revocation(world, "t9", kept) });
    world.cluster.world.settle(1_000);
    expect(ended(world, "t9")).toEqual([false, false, false, false]);
  });
});
