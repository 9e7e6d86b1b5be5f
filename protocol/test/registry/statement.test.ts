import { describe, expect, it } from "vitest";
import type { SignedStatement, StatementPayload } from "../../src/registry/statement.ts";
import { verifyStatement } from "../../src/registry/statement-check.ts";
import { codeOf, group, NOW, onInstance, roster, signStatement, workload } from "./fixture.ts";

const verdict = (signed: SignedStatement, nowMs?: number) =>
  codeOf(() => verifyStatement(group, roster, signed, nowMs));

const resource: StatementPayload = {
  kind: "resource",
  url: "https://orders.test/",
  deleted: false,
  credentialHash: new Uint8Array(32),
};
const endpoint = (oracle: number): StatementPayload => ({
  kind: "endpoint",
  oracle,
  sessionUrl: "wss://o1.test",
  oauthUrl: "https://o1.test",
  tlsPin: new Uint8Array(32),
});
const ticketRevocation: StatementPayload = {
  kind: "ticketRevocation",
  ticketId: new Uint8Array(16),
  reason: "",
};

describe("what mints needs m minting operators", () => {
  it.each<[string, StatementPayload]>([
    ["a workload", workload],
    ["a resource", resource],
    ["an endpoint", endpoint(1)],
    ["a release", onInstance("release", 1)],
  ])("%s", (_name, payload) => {
    expect(verdict(signStatement(payload))).toBe("accepted");
    expect(verdict(signStatement(payload, ["alice"]))).toBe("ERR_STATEMENT_THRESHOLD");
    expect(verdict(signStatement(payload, ["alice", "carol"]))).toBe("ERR_STATEMENT_THRESHOLD");
  });
});

describe("what contains needs one operator of either role", () => {
  it.each<[string, StatementPayload]>([
    ["a quarantine", onInstance("quarantine")],
    ["a revocation", onInstance("revoke")],
    ["a ticket's revocation", ticketRevocation],
  ])("%s", (_name, payload) => {
    for (const name of ["alice", "bob", "carol"])
      expect(verdict(signStatement(payload, [name]))).toBe("accepted");
    expect(verdict(signStatement(payload, []))).toBe("ERR_STATEMENT_THRESHOLD");
  });
});

describe("a statement is refused", () => {
  const twice = signStatement(workload, ["alice", "alice"]);
  const changed = signStatement(workload);

  it.each<[string, SignedStatement, string]>([
    ["when one operator signs for two", twice, "ERR_STATEMENT_SIGNER"],
    [
      "with a stranger among the signers",
      signStatement(workload, ["alice", "mallory"]),
      "ERR_STATEMENT_SIGNER",
    ],
    [
      "when it was widened after signing",
      { ...changed, statement: { ...changed.statement, payload: { ...workload, allowRaw: true } } },
      "ERR_STATEMENT_SIGNATURE",
    ],
    [
      "under another roster",
      signStatement(workload, ["alice", "bob"], { rosterHash: new Uint8Array(32) }),
      "ERR_STATEMENT_ROSTER",
    ],
    [
      "with an operator who had retired",
      signStatement(workload, ["alice", "retired"]),
      "ERR_STATEMENT_OPERATOR_VALIDITY",
    ],
    [
      "with an operator who was still to come",
      signStatement(workload, ["alice", "coming"]),
      "ERR_STATEMENT_OPERATOR_VALIDITY",
    ],
    ["for an oracle nobody knows", signStatement(endpoint(5)), "ERR_STATEMENT_PAYLOAD"],
    [
      "for a workload of another trust domain",
      signStatement({ ...workload, spiffeId: "spiffe://evil.ipse/a" }),
      "ERR_STATEMENT_PAYLOAD",
    ],
    [
      "with a scope that smuggles in a second one",
      signStatement({ ...workload, scopes: ["orders:read admin"] }),
      "ERR_STATEMENT_PAYLOAD",
    ],
    [
      "with tokens that live for ever",
      signStatement({ ...workload, ttlSeconds: 2 ** 31 }),
      "ERR_STATEMENT_PAYLOAD",
    ],
    ["with tokens that never live", signStatement({ ...workload, ttlSeconds: 0 }), "ERR_STATEMENT_PAYLOAD"],
    [
      "with a resource twice",
      signStatement({ ...workload, resources: ["https://a.test", "https://a.test"] }),
      "ERR_STATEMENT_PAYLOAD",
    ],
    ["for a release without a number", signStatement(onInstance("release", 0)), "ERR_STATEMENT_PAYLOAD"],
  ])("%s", (_name, signed, code) => {
    expect(verdict(signed)).toBe(code);
  });
});

describe("a statement's time", () => {
  const old = signStatement(workload, ["alice", "retired"], { issuedAtMs: NOW - 3_000_000 });

  it("keeps its force after an operator retires, in gossip and after restarts", () => {
    expect(verdict(old)).toBe("accepted");
  });

  it("does not let a retired key back-date a new one", () => {
    expect(verdict(old, NOW)).toBe("ERR_STATEMENT_OPERATOR_VALIDITY");
  });

  it("is not in the future when it is submitted", () => {
    const early = signStatement(workload, ["alice", "bob"], { issuedAtMs: NOW + 120_000 });
    expect(verdict(early, NOW)).toBe("ERR_STATEMENT_NOT_YET");
    expect(verdict(early)).toBe("accepted");
  });
});
