import { describe, expect, test } from "vitest";
import { OAuthError } from "../../src/oauth/index.ts";
import type { CosignMessage } from "../../src/wire/cosign.ts";
import { lyingCoordinator, onCosign, type TokenSubject } from "./lies.ts";
import { BILLING, ProofKey, TokenWorld, wordOf } from "./token-world.ts";

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

  test("shares asked for without end are dropped, and another coordinator still gets its signature", () => {
    const world = new TokenWorld("sign flood");
    const { cluster } = world;
    let answers = 0;
    let asked: CosignMessage | undefined;
    cluster.tamper = (from, to, message) => {
      if (message.kind !== "cosign") return message;
      if (from === 2 && to === 1 && message.message.kind !== "commitment") answers++;
      if (from !== 1 || to !== 2 || message.message.kind !== "sign" || asked !== undefined) return message;
      // Instead of asking once: again and again with another signer's commitments that are no points.
      asked = message.message;
      const bad = new Uint8Array(32).fill(0xff);
      const commitments = asked.commitments.map((one) =>
        one.oracle === 2 ? one : { ...one, hiding: bad, binding: bad },
      );
      const flood = { ...message, message: { ...asked, commitments } };
      for (let i = 0; i < 5_000; i++) cluster.node(2)?.onPeerMessage(1, flood);
      return undefined;
    };
    for (let i = 0; i < 4 && asked === undefined; i++) world.ask([1], world.request());
    expect(asked).toBeDefined();
    expect(answers).toBeLessThanOrEqual(2_000);
    // Without oracle 4 nobody signs but with oracle 2.
    cluster.crashOracle(4, 0);
    expect(world.askOne(3, world.request())).toBe("token");
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
