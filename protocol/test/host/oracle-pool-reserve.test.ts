import { describe, expect, test } from "vitest";
import { toHex } from "../../src/bytes.ts";
import { deriveKeyId, verifyPoolKey } from "../../src/dkg/index.ts";
import { put } from "../../src/host/table.ts";
import { statements } from "../../src/registry/registry.ts";
import { subjectKey, subjectOf } from "../../src/registry/subject.ts";
import { reservationInput } from "../../src/session/enroll.ts";
import { poolKeyRoster } from "../../src/session/enroll-check.ts";
import { poolUses, SELF_KEY, self, ticketUseKey, ticketUses } from "../../src/session/oracle/records.ts";
import { reserveInput } from "../../src/wire/session.ts";
import { anyGroup } from "../group/backends.ts";
import {
  deployerTicket,
  keyOf,
  NOW,
  operatorTicket,
  sign,
  signStatement,
  ticket,
} from "../registry/fixture.ts";
import { PoolCluster } from "../support/pool-cluster.ts";
import { freeOf } from "../support/pool-invariants.ts";
import {
  bytesOf,
  filledPools,
  outcomeOf,
  type Reserved,
  requestOf,
  reserve,
} from "../support/reservations.ts";

test.each([1, 2, 3, 4])("oracle %i reserves a key of its own, under its vote key", (oracle) => {
  const cluster = filledPools(2);
  const request = requestOf();
  const answer = reserve(cluster, oracle, request) as Reserved;
  expect(answer.kind).toBe("reserved");
  const { reservation, signature } = answer.reservation;
  expect(reservation).toEqual({
    version: 1,
    rosterHash: cluster.rosterHash,
    owner: oracle,
    poolKeyId: deriveKeyId(answer.poolKey),
    ticketId: ticket.id,
    use: 1,
    evidenceKey: request.evidenceKey,
  });
  expect((answer.poolKey.index % 4) + 1).toBe(oracle);
  const voteKey = keyOf(`oracle-${oracle}`).publicKey;
  expect(anyGroup.ed25519.verify(voteKey, reservationInput(reservation), signature)).toBe(true);
  expect(() => verifyPoolKey(anyGroup, poolKeyRoster(cluster.roster), answer.poolKey)).not.toThrow();
  expect(cluster.member(oracle).pool.size().owned).toBe(1);
  expect(freeOf(cluster)).toHaveLength(7);
});

test("the same ticket, use and evidence key get the same bytes again, also after a restart", () => {
  const cluster = filledPools(2);
  const first = bytesOf(reserve(cluster, 2, requestOf()));
  expect(bytesOf(reserve(cluster, 2, requestOf()))).toEqual(first);
  cluster.crash(2);
  cluster.restart(2);
  expect(bytesOf(reserve(cluster, 2, requestOf()))).toEqual(first);
  expect(cluster.member(2).pool.size().owned).toBe(1);
});

test("another use or another evidence key gets another key, up to four evidence keys of one use", () => {
  const cluster = filledPools(8);
  const signed = operatorTicket("alice", { uses: 8 });
  const asked = ["a", "b", "c", "d"].map((device) => requestOf(signed, 1, device));
  const answers = [...asked, requestOf(signed, 2, "a")].map(
    (request) => reserve(cluster, 1, request) as Reserved,
  );
  expect(new Set(answers.map(({ poolKey }) => toHex(deriveKeyId(poolKey)))).size).toBe(5);
  expect(outcomeOf(reserve(cluster, 1, requestOf(signed, 1, "e")))).toBe("ERR_RESERVE_LIMIT");
  expect(asked.map((request) => outcomeOf(reserve(cluster, 1, request)))).toEqual(
    asked.map(() => "reserved"),
  );
});

test("nothing is answered before it is durable, and what was durable is answered after a crash", () => {
  for (const kept of [0, 1]) {
    const cluster = filledPools(2);
    const { pool } = cluster.member(3);
    const answers: unknown[] = [];
    const request = requestOf();
    pool.reserve(request, sign("ticket", reserveInput(request)), (answer) => answers.push(answer));
    pool.reserve(request, sign("ticket", reserveInput(request)), (answer) => answers.push(answer));
    cluster.crash(3, kept);
    expect(answers).toEqual([]);
    cluster.restart(3);
    expect(cluster.member(3).pool.size().owned).toBe(2 - kept);
    expect(outcomeOf(reserve(cluster, 3, request))).toBe("reserved");
    expect(cluster.member(3).pool.size().owned).toBe(1);
  }
});

test("an empty pool says when to ask again; the next ceremony fills it", () => {
  const cluster = filledPools(2);
  const outcomes = ["a", "b", "c"].map((device) => reserve(cluster, 1, requestOf(undefined, 1, device)));
  expect(outcomes.map(outcomeOf)).toEqual(["reserved", "reserved", "ERR_POOL_EMPTY"]);
  expect(outcomes[2]).toMatchObject({ retryAfterMs: 2_000 });
  cluster.run(10_000);
  expect(outcomeOf(reserve(cluster, 1, requestOf(undefined, 1, "c")))).toBe("reserved");
  cluster.crash(4);
  const later = ["d", "e", "f"].map((device) => reserve(cluster, 1, requestOf(undefined, 2, device)));
  expect(later.at(-1)).toMatchObject({ code: "ERR_POOL_EMPTY", retryAfterMs: 15_000 });
});

test("a key that was enrolled with is passed over", () => {
  const cluster = filledPools(2);
  const { core, store } = cluster.member(1);
  const [keyId = new Uint8Array()] = freeOf(cluster).map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));
  core.view.submit([put(poolUses, keyId, { instance: new Uint8Array(32) })], () => undefined);
  store.flushAll();
  const answer = reserve(cluster, 1, requestOf()) as Reserved;
  expect(toHex(deriveKeyId(answer.poolKey))).not.toBe(toHex(keyId));
  expect(outcomeOf(reserve(cluster, 1, requestOf(undefined, 2)))).toBe("ERR_POOL_EMPTY");
});

describe("refused, and no key is spent:", () => {
  const other = { rosterHash: new Uint8Array(32).fill(5) };
  const revoked = { kind: "ticketRevocation", ticketId: ticket.id, reason: "" } as const;
  const fenced = { counter: 1, fenced: true, fencedReason: "the test says so" };

  test.each([
    ["use 0", requestOf(undefined, 0), "ERR_TICKET_USE"],
    ["a use beyond the ticket's", requestOf(undefined, 9), "ERR_TICKET_USE"],
    ["an unknown roster", requestOf(operatorTicket("alice", other)), "ERR_ROSTER_UNKNOWN"],
    ["an operator that may not mint", requestOf(operatorTicket("carol")), "ERR_TICKET_SIGNER"],
    ["a retired operator", requestOf(operatorTicket("retired")), "ERR_TICKET_EXPIRED"],
    ["an expired ticket", requestOf(operatorTicket("alice", { expiresAtMs: NOW })), "ERR_TICKET_EXPIRED"],
    ["an expired delegation", requestOf(deployerTicket({ notAfterMs: NOW - 1 })), "ERR_TICKET_EXPIRED"],
    [
      "a workload that is not registered",
      requestOf(operatorTicket("alice", { spiffeId: "spiffe://test.ipse/prod/other" })),
      "ERR_WORKLOAD_UNKNOWN",
    ],
  ])("%s", (_, request, code) => {
    const cluster = filledPools(1);
    expect(outcomeOf(reserve(cluster, 1, request))).toBe(code);
    expect(cluster.member(1).pool.size().owned).toBe(1);
  });

  test("a request that is not under the ticket key, or under another one's", () => {
    const cluster = filledPools(1);
    const request = requestOf();
    const stolen = sign("ticket", reserveInput(requestOf(undefined, 1, "thief")));
    expect(outcomeOf(reserve(cluster, 1, request, sign("alice", reserveInput(request))))).toBe(
      "ERR_RESERVE_SIGNATURE",
    );
    expect(outcomeOf(reserve(cluster, 1, request, stolen))).toBe("ERR_RESERVE_SIGNATURE");
    expect(cluster.member(1).pool.size().owned).toBe(1);
  });

  test.each([
    [
      "a revoked ticket",
      put(statements, subjectKey(subjectOf(revoked)), signStatement(revoked)),
      "ERR_TICKET_REVOKED",
    ],
    [
      "a spent use",
      put(ticketUses, ticketUseKey(ticket.id, 1), { instance: new Uint8Array(32) }),
      "ERR_TICKET_USED",
    ],
    ["at a fenced oracle", put(self, SELF_KEY, fenced), "ERR_ORACLE_FENCED"],
  ])("%s", (_, mutation, code) => {
    const cluster = filledPools(1);
    const { core, store } = cluster.member(1);
    core.view.submit([mutation], () => undefined);
    store.flushAll();
    expect(outcomeOf(reserve(cluster, 1, requestOf()))).toBe(code);
    expect(cluster.member(1).pool.size().owned).toBe(1);
  });
});

test("a deployer's ticket is as good as an operator's", () => {
  expect(outcomeOf(reserve(filledPools(1), 1, requestOf(deployerTicket())))).toBe("reserved");
});

test("an oracle without peers has an empty pool, not a broken one", () => {
  const cluster = new PoolCluster(4, 1);
  cluster.register(1);
  expect(outcomeOf(reserve(cluster.start(), 1, requestOf()))).toBe("ERR_POOL_EMPTY");
});
