import { describe, expect, it } from "vitest";
import {
  applyStatement,
  isTicketRevoked,
  nextSerial,
  resourceOf,
  standingOf,
  workloadOf,
} from "../../src/registry/registry.ts";
import { listWorkloads } from "../../src/registry/registry-view.ts";
import { instance, onInstance, signStatement, workload } from "./fixture.ts";
import { MemoryRegistry } from "./memory-view.ts";

const at = (serial: number) => ({ serial });
const state = (serial: number, changes: object = {}) =>
  signStatement({ ...workload, ...changes }, ["alice", "bob"], at(serial));
const word = (action: "quarantine" | "release" | "revoke", serial: number, release = 0) =>
  signStatement(onInstance(action, release, `${action} ${serial}`), ["alice", "bob"], at(serial));
const workloadIds = (registry: MemoryRegistry, limit: number, after?: string) => {
  let found: string[] | undefined;
  listWorkloads(registry.page, limit, after, (all) => {
    found = all.map(({ spiffeId }) => spiffeId);
  });
  return found;
};

describe("the registry", () => {
  it("lets the newest serial win, whatever order statements arrive in", () => {
    const registry = new MemoryRegistry();
    expect(registry.apply(state(2, { allowRaw: true }))).toBe(true);
    expect(registry.apply(state(1))).toBe(false);
    expect(workloadOf(registry, workload.spiffeId)?.allowRaw).toBe(true);
    expect(applyStatement(registry, state(3)).supersedes?.statement.serial).toBe(2);
  });

  it("accepts nothing twice", () => {
    const registry = new MemoryRegistry();
    registry.apply(state(1));
    expect(applyStatement(registry, state(1))).toEqual({
      accepted: false,
      supersedes: undefined,
      mutations: [],
    });
  });

  it("hides what is deleted and brings it back under a newer serial", () => {
    const registry = new MemoryRegistry();
    registry.apply(state(1));
    registry.apply(state(2, { deleted: true }));
    expect(workloadOf(registry, workload.spiffeId)).toBeUndefined();
    expect(workloadIds(registry, 10)).toEqual([]);
    registry.apply(state(3));
    expect(workloadOf(registry, workload.spiffeId)).toBeDefined();
  });

  it("lists page by page past deleted ones", () => {
    const registry = new MemoryRegistry();
    const ids = ["a", "b", "c", "d", "e"].map((name) => `spiffe://test.ipse/${name}`);
    ids.forEach((spiffeId, i) => {
      registry.apply(state(1, { spiffeId, deleted: i === 1 || i === 2 }));
    });
    expect(workloadIds(registry, 2)).toEqual([ids[0], ids[3]]);
    expect(workloadIds(registry, 2, ids[3])).toEqual([ids[4]]);
    expect(resourceOf(registry, "https://orders.test/")).toBeUndefined();
  });
});

describe("an instance's standing", () => {
  const registryOf = (...statements: ReturnType<typeof word>[]) => {
    const registry = new MemoryRegistry();
    for (const one of statements) registry.apply(one);
    return registry;
  };

  it("is active while nobody said anything", () => {
    expect(standingOf(registryOf(), instance)).toEqual({
      status: "active",
      release: 0,
      reason: undefined,
      by: undefined,
    });
  });

  it("follows quarantine and release by serial", () => {
    expect(standingOf(registryOf(word("quarantine", 1)), instance)).toMatchObject({
      status: "quarantined",
      release: 0,
    });
    const released = registryOf(word("quarantine", 1), word("release", 2, 1));
    expect(standingOf(released, instance)).toMatchObject({ status: "active", release: 1 });
    released.apply(word("quarantine", 3));
    expect(standingOf(released, instance)).toMatchObject({
      status: "quarantined",
      release: 1,
      reason: "quarantine 3",
    });
  });

  it("contains when quarantine and release carry one serial", () => {
    expect(standingOf(registryOf(word("release", 2, 1), word("quarantine", 2)), instance).status).toBe(
      "quarantined",
    );
  });

  it("stays revoked whatever comes later", () => {
    const registry = registryOf(word("revoke", 1), word("release", 9, 1), word("quarantine", 8));
    expect(standingOf(registry, instance)).toMatchObject({ status: "revoked", reason: "revoke 1" });
    expect(registry.apply(word("revoke", 5))).toBe(false);
  });

  it("does not let the release number fall, nor one containing operator raise it", () => {
    const registry = registryOf(word("release", 1, 5), word("release", 2, 3));
    expect(standingOf(registry, instance).release).toBe(5);
    registry.apply(word("quarantine", 3, 4_000_000_000));
    expect(standingOf(registry, instance).release).toBe(5);
  });

  it("tells the serial that wins over the whole family", () => {
    const registry = registryOf(word("quarantine", 7), word("release", 3, 1));
    expect(nextSerial(registry, onInstance("release", 2))).toBe(8);
    expect(nextSerial(registry, workload)).toBe(1);
  });

  it("knows revoked tickets", () => {
    const ticketId = new Uint8Array(16).fill(3);
    const registry = new MemoryRegistry();
    registry.apply(signStatement({ kind: "ticketRevocation", ticketId, reason: "" }, ["carol"]));
    expect(isTicketRevoked(registry, ticketId)).toBe(true);
    expect(isTicketRevoked(registry, new Uint8Array(16))).toBe(false);
  });
});
