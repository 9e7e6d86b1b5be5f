import { describe, expect, test } from "vitest";
import { toBase64Url, utf8 } from "../../src/bytes.ts";
import type { SignableTokenRequest } from "../../src/issuer/index.ts";
import { BILLING, claimsOf, INSTANCE, POLICY, ProofKey, TokenWorld, wordOf } from "./token-world.ts";

describe("an instance that is not active gets nothing", () => {
  test("revoked, while its coordinator does not know yet", () => {
    const world = new TokenWorld("revoked elsewhere");
    for (const id of [2, 3, 4]) world.cluster.cut(1, id);
    world.state(
      { kind: "instance", instance: INSTANCE, action: "revoke", release: 0, reason: "x" },
      [2, 3, 4],
    );
    // The links come back, the news of the revocation does not reach oracle 1.
    world.cluster.tamper = (_f, to, message) => (to === 1 && message.kind !== "cosign" ? undefined : message);
    world.cluster.heal();
    expect(world.askOne(1, world.request())).toBe("invalid_client");
  });

  test("revoked between the rounds", () => {
    const world = new TokenWorld("between rounds");
    const revoke = {
      kind: "instance",
      instance: INSTANCE,
      action: "revoke",
      release: 0,
      reason: "x",
    } as const;
    let revoked = false;
    world.cluster.tamper = (_from, _to, message) => {
      if (message.kind === "cosign" && message.message.kind === "sign" && !revoked) {
        revoked = true;
        world.state(revoke, world.cluster.ids, 50);
      }
      return message;
    };
    expect(wordOf(world.ask([1], world.request())[0])).not.toBe("token");
    expect(revoked).toBe(true);
  });

  test("narrowed policy at q oracles: a coordinator with the old one gets no wider token", () => {
    const world = new TokenWorld("narrowed");
    for (const id of [2, 3, 4]) world.cluster.cut(1, id);
    world.state({ kind: "workload", ...POLICY, scopes: ["read"] }, [2, 3, 4]);
    world.cluster.tamper = (_f, to, message) => (to === 1 && message.kind !== "cosign" ? undefined : message);
    world.cluster.heal();
    expect(world.askOne(1, world.request({}, { scope: "write" }))).toBe("invalid_scope");
    expect(world.askOne(1, world.request())).toBe("token");
  });
});

describe("what every co-signer refuses by itself", () => {
  const world = new TokenWorld("refusals");
  const bare = (payload: object, header: object) =>
    `${[header, payload].map((one) => toBase64Url(utf8(JSON.stringify(one)))).join(".")}.`;
  const refused: [string, () => SignableTokenRequest, string][] = [
    ["aud is an array", () => world.request({}, { aud: ["http://issuer.test"] }), "invalid_client"],
    [
      "aud is the endpoint's URL",
      () => world.request({}, { aud: "http://issuer.test/oauth2/token" }),
      "invalid_client",
    ],
    [
      "expired",
      () => world.request({}, { iat: world.seconds - 120, exp: world.seconds - 60 }),
      "invalid_client",
    ],
    [
      "from the future",
      () => world.request({}, { iat: world.seconds + 40, exp: world.seconds + 90 }),
      "invalid_client",
    ],
    ["lives too long", () => world.request({}, { exp: world.seconds + 3600 }), "invalid_client"],
    [
      "alg none",
      () => world.request({ assertion: bare({ iss: POLICY.spiffeId }, { alg: "none" }) }),
      "invalid_client",
    ],
    [
      "kid of somebody else",
      () => world.request({ assertion: world.assertion({}, { kid: "A".repeat(43) }) }),
      "invalid_client",
    ],
    [
      "jwk in the header",
      () => world.request({ assertion: world.assertion({}, { jwk: {} }) }),
      "invalid_client",
    ],
    ["wrong typ", () => world.request({ assertion: world.assertion({}, { typ: "JWT" }) }), "invalid_client"],
    ["scope outside the policy", () => world.request({}, { scope: "admin" }), "invalid_scope"],
    [
      "resource outside the policy",
      () => world.request({}, { resource: "https://x.test/" }),
      "invalid_target",
    ],
    ["scope other than the assertion's", () => world.request({ scope: "write" }), "invalid_scope"],
    ["resource other than the assertion's", () => world.request({ resource: BILLING }), "invalid_target"],
    [
      "a proof the assertion does not name",
      () =>
        world.request({ proof: new ProofKey("x").proof(world, world.cluster.node(1)?.dpopNonces.current()) }),
      "invalid_dpop_proof",
    ],
  ];
  test.each(refused)("%s", (_name, request, error) => {
    expect(world.askOne(1, request())).toBe(error);
  });

  test("wrong htu, htm and key of a DPoP proof", () => {
    const key = new ProofKey("wrong");
    const cnf = { cnf: { jkt: key.jkt } };
    const nonce = () => world.cluster.node(1)?.dpopNonces.current();
    const words = [
      { htu: "http://other.test/oauth2/token" },
      { htm: "GET" },
      { iat: world.seconds - 600 },
    ].map((wrong) => world.askOne(1, world.request({ proof: key.proof(world, nonce(), wrong) }, cnf)));
    expect(words).toEqual(Array(3).fill("invalid_dpop_proof"));
    const forged = nonce()?.replace(/^\d+\./, "2.");
    expect(world.askOne(1, world.request({ proof: key.proof(world, forged) }, cnf))).toBe("use_dpop_nonce");
  });
});

test("claims of a token are those of the assertion's request and nothing else", () => {
  const world = new TokenWorld("claims");
  const claims = claimsOf(world.token().accessToken);
  expect(Object.keys(claims)).toEqual([
    "iss",
    "sub",
    "aud",
    "client_id",
    "scope",
    "jti",
    "iat",
    "exp",
    "instance",
  ]);
});

test("a policy that shortens tokens between the rounds is obeyed", () => {
  const world = new TokenWorld("shorter between rounds");
  let shortened = false;
  world.cluster.tamper = (_from, _to, message) => {
    if (message.kind === "cosign" && message.message.kind === "sign" && !shortened) {
      shortened = true;
      world.state({ kind: "workload", ...POLICY, ttlSeconds: 60 }, world.cluster.ids, 0);
    }
    return message;
  };
  expect(world.askOne(1, world.request())).not.toBe("token");
  expect(shortened).toBe(true);
  const { expiresIn } = world.token();
  expect(expiresIn).toBe(60);
});
