import { describe, expect, test } from "vitest";
import { headerHash } from "../../src/session/header.ts";
import { decodeState } from "../../src/session/workload/index.ts";
import { Cluster, CrashingFile, liveOf, type Running } from "./workload-cluster.ts";
import { statementOf, ticketOf } from "./world/cast.ts";

const headSeq = (running: Running): number => liveOf(running).head.signed.header.seq;

function statuses(cluster: Cluster, running: Running): (string | undefined)[] {
  const { phase } = running.host.view.durable;
  const instance = phase.kind === "enrolling" ? undefined : phase.enrollment?.signed.header.instance;
  if (instance === undefined) return [];
  return cluster.ids.map((id) => cluster.node(id).instance(instance)?.status);
}

/** Enrolls, signs, lets a heartbeat pass, signs again; true when it got to the end. */
function story(cluster: Cluster, running: Running): boolean {
  try {
    cluster.loop.until(() => running.host.view.mode === "running", 30_000);
    for (const text of ["first", "second"]) {
      let ok = false;
      running.host.submit([{ type: "raw", payload: new TextEncoder().encode(text) }], (outcome) => {
        ok = outcome.ok;
      });
      cluster.loop.until(() => ok, 30_000);
      cluster.loop.pass(13_000);
    }
    return true;
  } catch {
    return false;
  }
}

describe("a crash at every save", () => {
  const plain = new Cluster("crash");
  const whole = plain.workload(ticketOf(plain.cast, "crash"));
  const finished = story(plain, whole);
  const saves = whole.file.saves;

  test("the story without a crash", () => {
    expect(finished).toBe(true);
    expect(saves).toBeGreaterThan(8);
  });

  const points = Array.from({ length: saves }, (_, i) => i + 1).flatMap((save) => [
    { save, durable: false },
    { save, durable: true },
  ]);

  test.each(points)("save $save, durable: $durable: the workload goes on, nobody is suspended", (crashAt) => {
    const cluster = new Cluster("crash");
    const ticket = ticketOf(cluster.cast, "crash");
    const file = new CrashingFile(cluster.loop);
    file.crashAt = crashAt;
    const first = cluster.workload(ticket, file);
    story(cluster, first);
    file.crashAt = undefined;
    const second = cluster.workload(ticket, file);
    expect(story(cluster, second)).toBe(true);
    expect(statuses(cluster, second)).toEqual(["active", "active", "active", "active"]);
    expect(second.fatal).toEqual([]);
  });
});

describe("safe start", () => {
  test("a restored state behind the head finds itself stale, tells the oracles and has no secret left", () => {
    const cluster = new Cluster("stale");
    const running = cluster.enrolled("stale");
    const old = running.file.bytes?.slice();
    const share = liveOf(running).share.slice();
    cluster.sign(running, "progress");
    cluster.loop.pass(100);
    running.stop();
    const file = new CrashingFile(cluster.loop);
    file.bytes = old;
    const restored = cluster.workload(ticketOf(cluster.cast, "stale"), file);
    cluster.loop.until(() => restored.host.view.mode === "dead");
    expect(restored.host.view.code).toBe("ERR_INSTANCE_STALE");
    cluster.loop.pass(2000);
    expect(statuses(cluster, restored)).toEqual(Array(4).fill("quarantined"));
    expect(Buffer.from(file.bytes ?? []).includes(Buffer.from(share))).toBe(false);
  });

  test("a restore without progress goes on", () => {
    const cluster = new Cluster("restore");
    const running = cluster.enrolled("restore");
    cluster.sign(running, "progress");
    cluster.loop.pass(1500);
    running.stop();
    const restored = cluster.workload(ticketOf(cluster.cast, "restore"), running.file);
    cluster.loop.until(() => restored.host.view.mode === "running");
    expect(cluster.sign(restored, "again").ok).toBe(true);
  });

  test("an oracle that invents a newer head is ignored", () => {
    const cluster = new Cluster("invented");
    const running = cluster.enrolled("invented");
    cluster.sign(running, "progress");
    cluster.loop.pass(100);
    running.stop();
    cluster.tamper = (oracle, message) => {
      if (oracle !== 1 || message.kind !== "status" || message.answer.head === undefined) return message;
      const { head } = message.answer;
      const header = { ...head.signed.header, seq: head.signed.header.seq + 5 };
      const invented = {
        signed: { ...head.signed, header },
        qc: { ...head.qc, seq: header.seq, headerHash: headerHash(header) },
      };
      return { ...message, answer: { ...message.answer, head: invented } };
    };
    const restarted = cluster.workload(ticketOf(cluster.cast, "invented"), running.file);
    cluster.loop.until(() => restarted.host.view.mode === "running");
    expect(cluster.sign(restarted, "again").ok).toBe(true);
  });

  test("an oracle that never heard of the instance is told", () => {
    const cluster = new Cluster("unknown");
    cluster.cut.add(4);
    const running = cluster.enrolled("unknown");
    const { instance } = liveOf(running).head.signed.header;
    running.stop();
    cluster.cut.clear();
    cluster.cut.add(1);
    const restarted = cluster.workload(ticketOf(cluster.cast, "unknown"), running.file);
    cluster.loop.until(() => restarted.host.view.mode === "running");
    expect(cluster.sign(restarted, "with 4").ok).toBe(true);
    expect(cluster.node(4).instance(instance)?.status).toBe("active");
  });

  test("a state of a newer version is refused", () => {
    expect(() => decodeState(Uint8Array.of(2, 0, 0))).toThrow(
      expect.objectContaining({ code: "ERR_STATE_VERSION" }),
    );
    expect(() => decodeState(Uint8Array.of(1, 0, 0))).toThrow(
      expect.objectContaining({ code: "ERR_STATE_CORRUPT" }),
    );
  });
});

describe("copies of a running workload", () => {
  test("a memory copy and its victim: evidence, and neither signs again", () => {
    const cluster = new Cluster("clone");
    const running = cluster.enrolled("clone");
    cluster.loop.pass(100);
    const copy = cluster.clone(running);
    cluster.sign(copy, "stolen");
    cluster.loop.until(() => running.host.view.mode === "dead", 30_000);
    expect(running.host.view.code).toBe("ERR_INSTANCE_REVOKED");
    cluster.loop.until(() => copy.host.view.mode === "dead", 30_000);
    expect(statuses(cluster, running)).toEqual(Array(4).fill("revoked"));
  });

  test("a memory copy that learns of its fate is stale, its victim quarantined until a release", () => {
    const cluster = new Cluster("told");
    const running = cluster.enrolled("told");
    const copy = cluster.clone(running);
    cluster.sign(running, "progress");
    copy.host.continuityLost("another machine");
    cluster.loop.until(() => copy.host.view.mode === "dead");
    expect(copy.host.view.code).toBe("ERR_INSTANCE_STALE");
    cluster.loop.until(() => running.host.view.mode === "quarantined");
    expect(cluster.sign(running, "no")).toEqual({ ok: false, code: "ERR_INSTANCE_QUARANTINED" });
    const { instance } = liveOf(running).head.signed.header;
    const release = statementOf(
      cluster.cast,
      { kind: "instance", instance, action: "release", release: 1, reason: "" },
      2,
    );
    for (const id of cluster.ids) cluster.node(id).submitStatement(release, () => undefined);
    cluster.loop.until(() => running.host.view.mode === "running");
    expect(cluster.sign(running, "released").ok).toBe(true);
  });

  test("a process copied in the middle of signing goes on as if nothing had been", () => {
    const cluster = new Cluster("paused");
    const running = cluster.enrolled("paused");
    running.host.submit([{ type: "raw", payload: Uint8Array.of(1) }], () => undefined);
    cluster.loop.until(() => running.host.snapshot().state.memory.signing?.attempt !== undefined);
    const copy = cluster.clone(running);
    running.stop();
    expect(cluster.sign(copy, "after the pause").ok).toBe(true);
    cluster.loop.pass(12_500);
    expect(statuses(cluster, copy)).toEqual(Array(4).fill("active"));
  });

  test("the entropy pool and the salts part two copies with the same kernel randomness", () => {
    const cluster = new Cluster("pools");
    const running = cluster.enrolled("pools");
    const copy = structuredClone(running.host.snapshot());
    cluster.sign(running, "salted");
    expect(copy.state.memory.pool).not.toEqual(running.host.snapshot().state.memory.pool);
  });
});

describe("operators", () => {
  test("a revocation ends the workload, durably", () => {
    const cluster = new Cluster("revoked");
    const running = cluster.enrolled("revoked");
    const { instance } = liveOf(running).head.signed.header;
    const revoke = statementOf(
      cluster.cast,
      { kind: "instance", instance, action: "revoke", release: 0, reason: "" },
      2,
    );
    for (const id of cluster.ids) cluster.node(id).submitStatement(revoke, () => undefined);
    cluster.loop.until(() => running.host.view.mode === "dead");
    expect(running.host.view.code).toBe("ERR_INSTANCE_REVOKED");
    running.stop();
    const again = cluster.workload(ticketOf(cluster.cast, "revoked"), running.file);
    expect(cluster.sign(again, "no")).toEqual({ ok: false, code: "ERR_INSTANCE_REVOKED" });
  });

  test("an old quarantine statement, kept by a liar, refuses nobody after the release", () => {
    const cluster = new Cluster("old-proof");
    const running = cluster.enrolled("old-proof");
    const { instance } = liveOf(running).head.signed.header;
    const word = (action: "quarantine" | "release", serial: number) =>
      statementOf(
        cluster.cast,
        { kind: "instance", instance, action, release: serial - 2, reason: "" },
        serial,
      );
    const [held, released] = [word("quarantine", 2), word("release", 3)];
    for (const id of cluster.ids) cluster.node(id).submitStatement(held, () => undefined);
    cluster.loop.until(() => running.host.view.mode === "quarantined");
    for (const id of cluster.ids) cluster.node(id).submitStatement(released, () => undefined);
    cluster.loop.until(() => running.host.view.mode === "running");
    running.stop();
    const proof = { kind: "statement" as const, statement: held };
    cluster.tamper = (oracle, message) =>
      oracle === 1
        ? { kind: "refused", code: "ERR_INSTANCE_QUARANTINED", message: "", retryAfterMs: 0, proof }
        : message;
    const again = cluster.workload(ticketOf(cluster.cast, "old-proof"), running.file);
    for (const text of ["one", "two", "three"]) expect(cluster.sign(again, text).ok).toBe(true);
    expect(again.modes).not.toContain("quarantined");
  });

  test("a word without proof changes nothing", () => {
    const cluster = new Cluster("words");
    const running = cluster.enrolled("words");
    const seq = headSeq(running);
    cluster.tamper = (oracle, message) =>
      oracle === 1
        ? { kind: "refused", code: "ERR_INSTANCE_REVOKED", message: "", retryAfterMs: 0, proof: undefined }
        : message;
    expect(cluster.sign(running, "three others do").ok).toBe(true);
    cluster.loop.pass(100);
    expect(headSeq(running)).toBe(seq + 1);
  });

  test("oracles restart one after another; the session goes on", () => {
    const cluster = new Cluster("rolling");
    const running = cluster.enrolled("rolling");
    for (const id of cluster.ids) {
      running.host.oracleDown(id);
      cluster.restart(id);
      running.host.oracleUp(id);
      expect(cluster.sign(running, `after ${id}`).ok).toBe(true);
    }
  });
});
