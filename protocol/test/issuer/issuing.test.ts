import { createPublicKey, verify } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { issuerKeyId, verifyIssuerKey } from "../../src/issuer/index.ts";
import { poolKeyRoster } from "../../src/session/enroll-check.ts";
import { group } from "../session/world/cast.ts";
import { API, claimsOf, INSTANCE, ISSUER, POLICY, ProofKey, TokenWorld, wordOf } from "./token-world.ts";

function nodeVerifies(token: string, jwk: object): boolean {
  const [header, payload, signature = ""] = token.split(".");
  const key = createPublicKey({ key: jwk as never, format: "jwk" });
  return verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"));
}

describe("oracles that issue tokens together", () => {
  let world: TokenWorld;
  beforeAll(() => {
    world = new TokenWorld("issuing");
  });

  test("make one issuer key, the same at all, certified by all n", () => {
    const roster = poolKeyRoster(world.cluster.cast.roster);
    const ids = world.cluster.ids.map((id) => {
      const [key, ...more] = world.cluster.node(id)?.tokens?.issuerKeys() ?? [];
      if (key === undefined || more.length > 0) throw new Error("not one key");
      verifyIssuerKey(group, roster, key);
      return Buffer.from(issuerKeyId(key)).toString("hex");
    });
    expect(new Set(ids).size).toBe(1);
  });

  test("any oracle coordinates; node:crypto verifies the token under the JWKS", () => {
    for (const id of world.cluster.ids) {
      const token = world.token(id);
      const [jwk = {}] = world.cluster.node(1)?.tokens?.jwks() ?? [];
      expect(nodeVerifies(token.accessToken, jwk)).toBe(true);
      expect(token).toMatchObject({ tokenType: "Bearer", expiresIn: 300, scope: "read" });
      expect(claimsOf(token.accessToken)).toMatchObject({
        iss: ISSUER,
        aud: API,
        scope: "read",
        instance: Buffer.from(INSTANCE).toString("hex"),
      });
    }
  });

  test("a DPoP proof of its own key binds the token", () => {
    const key = new ProofKey("bound");
    const nonce = world.cluster.node(2)?.dpopNonces.current();
    const request = world.request({ proof: key.proof(world, nonce) }, { cnf: { jkt: key.jkt } });
    // The nonce is another oracle's than the one that is asked.
    const token = world.token(3, request);
    expect(token.tokenType).toBe("DPoP");
    expect(claimsOf(token.accessToken)).toMatchObject({ cnf: { jkt: key.jkt } });
  });

  test("a proof without a nonce of this cluster is asked for one, and nothing is used up", () => {
    const key = new ProofKey("nonce");
    const request = world.request({ proof: key.proof(world, undefined) }, { cnf: { jkt: key.jkt } });
    expect(world.askOne(1, request)).toBe("use_dpop_nonce");
    const again = { ...request, proof: key.proof(world, world.cluster.node(1)?.dpopNonces.current()) };
    expect(world.askOne(1, again)).toBe("token");
  });

  test("the JWKS is signed by the cluster and holds for minutes", () => {
    world.cluster.world.settle(5_000);
    const signed = world.cluster.node(4)?.tokens?.signedJwks() ?? "";
    const [jwk = {}] = world.cluster.node(1)?.tokens?.jwks() ?? [];
    expect(nodeVerifies(signed, jwk)).toBe(true);
    const { keys, iat, exp } = claimsOf(signed) as { keys: unknown; iat: number; exp: number };
    expect(keys).toEqual([jwk]);
    expect(exp - iat).toBe(600);
  });

  test("scope left out means all of them; resource left out is refused when there are two", () => {
    expect(world.token(1, world.request({}, { scope: undefined })).scope).toBe("read write");
    expect(world.askOne(1, world.request({}, { resource: undefined }))).toBe("invalid_target");
  });

  test("a restarted oracle coordinates again with the same key", () => {
    world.cluster.crashOracle(2, 0);
    world.cluster.startOracle(2);
    world.cluster.world.settle(5_000);
    expect(world.askOne(2, world.request())).toBe("token");
  });
});

describe("with oracles away", () => {
  test("n - q away: tokens go on; one more: temporarily_unavailable, in bounded time", () => {
    const world = new TokenWorld("away");
    world.cluster.crashOracle(4, 0);
    expect(world.askOne(1, world.request())).toBe("token");
    world.cluster.crashOracle(3, 0);
    const before = world.cluster.world.elapsedMs;
    expect(world.askOne(1, world.request())).toBe("temporarily_unavailable");
    expect(world.cluster.world.elapsedMs - before).toBeLessThan(5_000);
  });

  test("a silent co-signer costs a moment, not the token", () => {
    const world = new TokenWorld("silent");
    world.cluster.tamper = (from, _to, message) =>
      from === 2 && message.kind === "cosign" ? undefined : message;
    for (let i = 0; i < 4; i++) expect(world.askOne(1, world.request())).toBe("token");
  });

  test("a co-signer that falls silent between the rounds is replaced", () => {
    const world = new TokenWorld("half silent");
    world.cluster.tamper = (from, _to, message) =>
      from === 2 && message.kind === "cosign" && message.message.kind === "share" ? undefined : message;
    for (let i = 0; i < 4; i++) expect(world.askOne(1, world.request())).toBe("token");
  });
});

describe("issuer keys", () => {
  const times = { prepareMs: 30_000, overlapMs: 60_000, maxAgeMs: 3_600_000_000 };

  test("rotate with overlap: prepared, active, the old one retiring, then gone", () => {
    const world = new TokenWorld("rotation", { times });
    const kids = () =>
      world.cluster
        .node(1)
        ?.tokens?.jwks()
        .map(({ kid }) => kid) ?? [];
    const kidOf = (token: string) =>
      (JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: string }).kid;
    const [old] = kids();
    world.cluster.world.settle(10_000);
    world.state({ kind: "issuerRotation", immediate: false, reason: "drill" }, [3], 20_000);
    const [active, prepared, ...more] = kids();
    expect([active, more]).toEqual([old, []]);
    expect(prepared).toBeDefined();
    expect(kidOf(world.token().accessToken)).toBe(old);
    world.cluster.world.settle(30_000);
    expect(kids()).toEqual([prepared, old]);
    expect(kidOf(world.token().accessToken)).toBe(prepared);
    world.cluster.world.settle(61_000);
    expect(kids()).toEqual([prepared]);
    expect(world.askOne(4, world.request())).toBe("token");
  });

  test("replaced at once when the operators do not trust the old one", () => {
    const world = new TokenWorld("emergency", { times });
    const kids = () => world.cluster.ids.map((id) => world.cluster.node(id)?.tokens?.jwks()[0]?.kid);
    const [old] = kids();
    world.cluster.world.settle(10_000);
    world.state({ kind: "issuerRotation", immediate: true, reason: "theft" }, [1], 30_000);
    expect(new Set(kids()).size).toBe(1);
    expect(kids()).not.toContain(old);
    expect(world.askOne(2, world.request())).toBe("token");
  });
});

test("a policy that one co-signer does not have yet does not keep the token back", () => {
  const world = new TokenWorld("policies");
  // Oracle 4 is cut off while the operators narrow and widen; its policy is older and still wide enough.
  for (const id of [1, 2, 3]) world.cluster.cut(id, 4);
  world.state({ kind: "workload", ...POLICY, ttlSeconds: 200 }, [1, 2, 3]);
  world.cluster.heal();
  const outcomes = [1, 2, 3].map((id) => wordOf(world.ask([id], world.request())[0]));
  expect(outcomes).toEqual(["token", "token", "token"]);
});
