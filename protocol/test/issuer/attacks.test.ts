import { describe, expect, test } from "vitest";
import { toBase64Url, utf8 } from "../../src/bytes.ts";
import type { CosignSubject, SignableTokenRequest } from "../../src/issuer/index.ts";
import { TTL_SECONDS_MAX } from "../../src/limits.ts";
import { OAuthError } from "../../src/oauth/index.ts";
import type { CosignMessage } from "../../src/wire/cosign.ts";
import { BILLING, claimsOf, INSTANCE, POLICY, ProofKey, TokenWorld, wordOf } from "./token-world.ts";

type TokenSubject = Extract<CosignSubject, { kind: "token" }>;

/** The coordinator changes what it proposes to the others (its own part stays honest). */
function lyingCoordinator(world: TokenWorld, lie: (subject: TokenSubject) => TokenSubject): void {
  world.cluster.tamper = (_from, _to, message) => {
    if (message.kind !== "cosign" || message.message.kind !== "propose") return message;
    const { subject } = message.message;
    if (subject.kind !== "token") return message;
    return { ...message, message: { ...message.message, subject: lie(subject) } };
  };
}

function onCosign(world: TokenWorld, from: number, change: (message: CosignMessage) => CosignMessage): void {
  world.cluster.tamper = (sender, _to, message) =>
    sender === from && message.kind === "cosign" ? { ...message, message: change(message.message) } : message;
}

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

describe("a lying coordinator gets nothing signed", () => {
  const other = new ProofKey("thief");
  const lies: [string, (world: TokenWorld, subject: TokenSubject) => TokenSubject][] = [
    ["with a wider scope", (_w, s) => ({ ...s, terms: { ...s.terms, scope: "read write" } })],
    ["with another resource", (_w, s) => ({ ...s, terms: { ...s.terms, resource: BILLING } })],
    ["with a longer life", (_w, s) => ({ ...s, terms: { ...s.terms, ttlSeconds: 86_400 } })],
    ["from the future", (_w, s) => ({ ...s, terms: { ...s.terms, iat: s.terms.iat + 120 } })],
    ["from the past", (_w, s) => ({ ...s, terms: { ...s.terms, iat: s.terms.iat - 120 } })],
    [
      "with claims it does not show",
      (_w, s) => ({ ...s, terms: { ...s.terms, claimsDigest: new Uint8Array(32) } }),
    ],
    [
      "with another request's scope and resource",
      (_w, s) => ({ ...s, request: { ...s.request, scope: "write", resource: BILLING } }),
    ],
    [
      "bound to its own DPoP key",
      (w, s) => ({
        ...s,
        request: { ...s.request, proof: other.proof(w, w.cluster.node(1)?.dpopNonces.current()) },
      }),
    ],
    [
      "for an assertion it made up",
      (_w, s) => ({
        ...s,
        request: { ...s.request, assertion: `${s.request.assertion.slice(0, -4)}AAAA` },
      }),
    ],
  ];
  test.each(lies)("%s", (name, lie) => {
    const world = new TokenWorld(name);
    lyingCoordinator(world, (subject) => lie(world, subject));
    const [outcome] = world.ask([1], world.request());
    expect(outcome).toBeInstanceOf(OAuthError);
    world.cluster.tamper = (_from, _to, message) => message;
    expect(world.askOne(2, world.request())).toBe("token");
  });

  test("without the proof that the assertion names", () => {
    const world = new TokenWorld("proof dropped");
    const key = new ProofKey("victim");
    lyingCoordinator(world, (s) => ({ ...s, request: { ...s.request, proof: undefined } }));
    const proof = key.proof(world, world.cluster.node(1)?.dpopNonces.current());
    expect(wordOf(world.ask([1], world.request({ proof }, { cnf: { jkt: key.jkt } }))[0])).not.toBe("token");
  });

  test("a relayed SIGN of another coordinator finds no nonces", () => {
    const world = new TokenWorld("relay");
    const answers: CosignMessage[] = [];
    let relayed = false;
    world.cluster.tamper = (from, to, message) => {
      if (message.kind === "cosign" && from === 2 && to === 3) answers.push(message.message);
      if (
        message.kind === "cosign" &&
        message.message.kind === "sign" &&
        from === 1 &&
        to === 2 &&
        !relayed
      ) {
        relayed = true;
        world.cluster.node(2)?.onPeerMessage(3, message);
      }
      return message;
    };
    for (let i = 0; i < 4 && !relayed; i++) expect(world.askOne(1, world.request())).toBe("token");
    expect(relayed).toBe(true);
    expect(answers.map(({ kind }) => kind)).not.toContain("share");
    expect(answers.some((one) => one.kind === "refused")).toBe(true);
  });

  test("SIGN twice with other commitments gives one share", () => {
    const world = new TokenWorld("two lists");
    const shares: number[] = [];
    world.cluster.tamper = (from, to, message) => {
      if (message.kind !== "cosign") return message;
      if (from === 2 && to === 1 && message.message.kind === "share") shares.push(1);
      if (from === 1 && to === 2 && message.message.kind === "sign") {
        world.cluster.node(2)?.onPeerMessage(1, message);
        const [first, ...rest] = message.message.commitments;
        if (first !== undefined) {
          const changed = [{ ...first, hiding: first.binding, binding: first.hiding }, ...rest];
          return { ...message, message: { ...message.message, commitments: changed } };
        }
      }
      return message;
    };
    let asked = 0;
    while (shares.length === 0 && asked++ < 6) world.ask([1], world.request());
    expect(shares).toHaveLength(1);
  });

  test("a swapped own commitment is refused before the nonces are used", () => {
    const world = new TokenWorld("own commitment");
    onCosign(world, 1, (message) =>
      message.kind === "sign"
        ? {
            ...message,
            commitments: message.commitments.map((one) => ({
              ...one,
              hiding: one.binding,
              binding: one.hiding,
            })),
          }
        : message,
    );
    expect(wordOf(world.ask([1], world.request())[0])).not.toBe("token");
  });
});

describe("a lying co-signer", () => {
  test("with a wrong share is named, and the token comes all the same", () => {
    const world = new TokenWorld("bad share");
    onCosign(world, 2, (message) =>
      message.kind === "share" ? { ...message, z: new Uint8Array(32).fill(1) } : message,
    );
    for (let i = 0; i < 4; i++) expect(world.askOne(1, world.request())).toBe("token");
    const blamed = world.cluster.events.filter(({ event }) => event.event === "cosign.culprit");
    expect(blamed.length).toBeGreaterThan(0);
    expect(blamed.every(({ event }) => event["peer"] === 2)).toBe(true);
  });

  test("with an invalid commitment is named", () => {
    const world = new TokenWorld("bad commitment");
    onCosign(world, 3, (message) =>
      message.kind === "commitment" ? { ...message, hiding: new Uint8Array(32) } : message,
    );
    for (let i = 0; i < 4; i++) expect(world.askOne(1, world.request())).toBe("token");
    const blamed = world.cluster.events.filter(({ event }) => event.event === "cosign.culprit");
    expect(new Set(blamed.map(({ event }) => event["peer"]))).toEqual(new Set([3]));
  });

  test("that refuses alone does not speak for the cluster", () => {
    const world = new TokenWorld("refuser");
    onCosign(world, 4, (message) =>
      message.kind === "commitment"
        ? { kind: "refused", error: "invalid_client", reason: "the instance is revoked" }
        : message,
    );
    for (let i = 0; i < 4; i++) expect(world.askOne(1, world.request())).toBe("token");
    world.cluster.crashOracle(3, 0);
    expect(world.askOne(1, world.request())).toBe("temporarily_unavailable");
  });
});

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
