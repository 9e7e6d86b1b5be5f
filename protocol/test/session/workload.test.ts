import { describe, expect, test, vi } from "vitest";
import { toHex } from "../../src/bytes.ts";
import { type CommitmentVector, workloadVerifyingShare } from "../../src/frost/index.ts";
import type { Point } from "../../src/group/group.ts";
import { constantsOf } from "../../src/session/enroll-check.ts";
import { denialInput, type ShareResult } from "../../src/session/signing.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { nodeVerify, seededRandom } from "../group/backends.ts";
import { Cluster, liveOf, type Running, raw } from "./workload-cluster.ts";
import { group, ticketOf } from "./world/cast.ts";

function identityOf(running: Running): Uint8Array {
  return constantsOf(group, liveOf(running).enrollment).identityKey;
}

/** Signs and checks each signature with node:crypto. */
function expectSigned(cluster: Cluster, running: Running, ...texts: string[]): void {
  const outcome = cluster.sign(running, ...texts);
  if (!outcome.ok) throw new Error(outcome.code);
  expect(outcome.outcomes).toHaveLength(texts.length);
  outcome.outcomes.forEach((one, i) => {
    if (!one.ok) throw new Error(one.code);
    const payload = raw(texts[i] ?? "").payload;
    expect(nodeVerify(identityOf(running), payload, one.signature)).toBe(true);
  });
}

const headSeq = (running: Running): number => liveOf(running).head.signed.header.seq;

describe("enrollment", () => {
  test("ends with a certified seq 0, and the ticket seed gone from the state", () => {
    const cluster = new Cluster("enroll");
    const running = cluster.enrolled("enroll");
    expect(headSeq(running)).toBe(0);
    const seed = ticketOf(cluster.cast, "enroll").seed;
    expect(Buffer.from(running.file.bytes ?? []).includes(Buffer.from(seed))).toBe(false);
    const { instance } = liveOf(running).head.signed.header;
    expect(cluster.ids.map((id) => cluster.node(id).instance(instance)?.headSeq)).toEqual([0, 0, 0, 0]);
  });

  test("a used ticket use is left for the next one", () => {
    const cluster = new Cluster("uses");
    const ticket = ticketOf(cluster.cast, "twice", 2);
    const first = cluster.workload(ticket);
    cluster.loop.until(() => first.host.view.mode === "running");
    const second = cluster.workload(ticket);
    cluster.loop.until(() => second.host.view.mode === "running");
    expect(liveOf(first).enrollment.body.use).not.toBe(liveOf(second).enrollment.body.use);
    const third = cluster.workload(ticket);
    cluster.loop.until(() => third.host.view.mode === "dead");
    expect(third.host.view.code).toBe("ERR_TICKET_USED");
  });

  test("one oracle that denies every ticket does not stop it, nor one that is down", () => {
    const cluster = new Cluster("liar-at-enrollment");
    cluster.tamper = (oracle, message, request) =>
      oracle === 1 && (request.kind === "reserve" || request.kind === "enroll")
        ? refused("ERR_TICKET_USED")
        : message;
    const running = cluster.enrolled("liar-at-enrollment");
    expectSigned(cluster, running, "hello");
  });
});

function refused(code: string): OracleMessage {
  return { kind: "refused", code, message: "", retryAfterMs: 0, proof: undefined };
}

describe("steps and signatures", () => {
  test("several messages of one step are signed, and one step follows another", () => {
    const cluster = new Cluster("sign");
    const running = cluster.enrolled("sign");
    expectSigned(cluster, running, "one", "two", "three");
    expectSigned(cluster, running, "four");
    expect(headSeq(running)).toBeGreaterThanOrEqual(1);
    expect(running.fatal).toEqual([]);
  });

  test("requests that wait share one step", () => {
    const cluster = new Cluster("coalesce");
    const running = cluster.enrolled("coalesce");
    const seqs: number[] = [];
    for (const text of ["a", "b", "c", "d"]) {
      running.host.submit([raw(text)], (outcome) => seqs.push(outcome.ok ? outcome.seq : -1));
    }
    cluster.loop.until(() => seqs.length === 4);
    expect(seqs).toEqual([1, 2, 2, 2]);
  });

  test("what is too large or too much is refused at once", () => {
    const cluster = new Cluster("bounds");
    const running = cluster.enrolled("bounds", { queueMessagesMax: 3 });
    const codes: string[] = [];
    const submit = (messages: ReturnType<typeof raw>[]): void => {
      running.host.submit(messages, (outcome) => codes.push(outcome.ok ? "signed" : outcome.code));
    };
    submit([]);
    submit([{ type: "raw", payload: new Uint8Array(16 * 1024 + 1) }]);
    submit(Array.from({ length: 65 }, () => raw("x")));
    expect(codes).toEqual(["ERR_MESSAGE_SIZE", "ERR_MESSAGE_SIZE", "ERR_MESSAGE_SIZE"]);
    submit([raw("first")]);
    submit([raw("a"), raw("b")]);
    submit([raw("c"), raw("d")]);
    cluster.loop.pass(1);
    expect(codes.slice(3)).toEqual(["ERR_BUSY"]);
    cluster.loop.until(() => codes.length === 6);
    expect(codes.slice(4)).toEqual(["signed", "signed"]);
  });

  test("every heartbeat is a ratchet: the old share and chain key are gone, the public key stays", () => {
    const cluster = new Cluster("heartbeat");
    const running = cluster.enrolled("heartbeat");
    const before = liveOf(running);
    const [share, chain] = [before.share.slice(), before.chainSeed.slice()];
    cluster.loop.pass(13_000);
    const after = liveOf(running);
    expect(after.head.signed.header.shareVersion).toBeGreaterThan(0);
    expect(before.share).toEqual(new Uint8Array(32));
    const file = Buffer.from(running.file.bytes ?? []);
    expect(file.includes(Buffer.from(share)) || file.includes(Buffer.from(chain))).toBe(false);
    expect(after.lags.every(({ delta }) => delta === undefined)).toBe(true);
    expectSigned(cluster, running, "after the ratchet");
  });

  test("goes on with n - q oracles down, and a lagging oracle catches up over several ratchets", () => {
    const cluster = new Cluster("down");
    const running = cluster.enrolled("down");
    cluster.cutOff(running, 2);
    for (let i = 0; i < 3; i++) {
      cluster.loop.pass(13_000);
      expectSigned(cluster, running, `without 2, ${i}`);
    }
    const { lags } = liveOf(running);
    expect(lags[1]?.base).toBe(0);
    expect(lags.filter(({ delta }) => delta !== undefined)).toHaveLength(1);
    cluster.reconnect(running, 2);
    cluster.loop.pass(13_000);
    expect(liveOf(running).lags.every(({ delta }) => delta === undefined)).toBe(true);
    cluster.cutOff(running, 4);
    expectSigned(cluster, running, "with 2");
  });

  test.each(["closed", "silent"])(
    "a lagging oracle and another one that is %s: the request gets a new step with a ratchet",
    (how) => {
      const cluster = new Cluster("stranded");
      const running = cluster.enrolled("stranded");
      cluster.cutOff(running, 2);
      cluster.loop.pass(13_000);
      expectSigned(cluster, running, "without the second");
      cluster.loop.pass(20);
      cluster.reconnect(running, 2);
      if (how === "closed") cluster.cutOff(running, 4);
      else cluster.cut.add(4);
      const startMs = cluster.loop.nowMs;
      const before = headSeq(running);
      expectSigned(cluster, running, "without the fourth");
      // Long before the next heartbeat would have brought the share.
      expect(cluster.loop.nowMs - startMs).toBeLessThan(4000);
      cluster.loop.pass(20);
      expect(headSeq(running)).toBe(before + 2);
      expect(liveOf(running).lags.map(({ base }) => base)).toEqual([2, 2, 2, 1]);
    },
  );

  test("fewer than q: callers are told, the pending step is finished when oracles are back", () => {
    const cluster = new Cluster("unreachable");
    const running = cluster.enrolled("unreachable");
    cluster.cutOff(running, 1);
    cluster.cutOff(running, 2);
    expect(cluster.sign(running, "never")).toEqual({ ok: false, code: "ERR_QUORUM_UNREACHABLE" });
    const { pending } = liveOf(running);
    expect(pending?.signed.header.kind).toBe("sign");
    cluster.reconnect(running, 1);
    cluster.loop.until(() => liveOf(running).pending?.signed !== pending?.signed);
    expect(liveOf(running).head.signed).toEqual(pending?.signed);
    expectSigned(cluster, running, "again");
  });

  test("a lost reply costs time, not the signature", () => {
    const cluster = new Cluster("lossy");
    const running = cluster.enrolled("lossy");
    const chance = seededRandom("lossy");
    cluster.tamper = (_, message) => ((chance(1)[0] ?? 0) < 64 ? undefined : message);
    for (let i = 0; i < 5; i++) expectSigned(cluster, running, `message ${i}`);
  });

  test("END needs q acknowledgements and leaves no secret", () => {
    const cluster = new Cluster("leave");
    const running = cluster.enrolled("leave");
    const share = liveOf(running).share.slice();
    let left = false;
    running.host.leave(({ ok }) => {
      left = ok;
    });
    cluster.loop.until(() => left);
    expect(running.host.view.code).toBe("ERR_INSTANCE_ENDED");
    expect(Buffer.from(running.file.bytes ?? []).includes(Buffer.from(share))).toBe(false);
    expect(cluster.sign(running, "late")).toEqual({ ok: false, code: "ERR_INSTANCE_ENDED" });
  });
});

describe("signers that do not sign", () => {
  test("a wrong z_i names its oracle and nobody else; the same step is signed by others", () => {
    const cluster = new Cluster("liar");
    const running = cluster.enrolled("liar");
    cluster.tamper = (oracle, message) => {
      if (oracle !== 1 || message.kind !== "shares") return message;
      const results = message.results.map(
        (one): ShareResult =>
          one.kind === "share" ? { ...one, z: one.z.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) } : one,
      );
      return { ...message, results };
    };
    expectSigned(cluster, running, "despite a liar");
    const named = running.events
      .filter(({ event }) => event === "signing.culprit")
      .map(({ oracle }) => oracle);
    expect(named).toEqual([1]);
    expect(headSeq(running)).toBe(0);
    cluster.loop.pass(50);
    expect(headSeq(running)).toBe(1);
  });

  test("the workload's own share of a signature that fails stays out of public arithmetic", () => {
    const cluster = new Cluster("own-share");
    const running = cluster.enrolled("own-share");
    const { commitments } = liveOf(running);
    const own = workloadVerifyingShare(group, identityOf(running) as Point, commitments as CommitmentVector);
    cluster.tamper = (oracle, message) => {
      if (oracle !== 1 || message.kind !== "shares") return message;
      const results = message.results.map(
        (one): ShareResult => (one.kind === "share" ? { ...one, z: new Uint8Array(32) } : one),
      );
      return { ...message, results };
    };
    const sums = vi.spyOn(group, "multiMulPublic");
    try {
      expectSigned(cluster, running, "despite a liar");
      expect(running.events.some(({ event }) => event === "signing.culprit")).toBe(true);
      const points = sums.mock.calls.flatMap(([, all]) => all.map(toHex));
      expect(points.length).toBeGreaterThan(0);
      expect(points).not.toContain(toHex(own));
    } finally {
      sums.mockRestore();
    }
  });

  test("a silent signer is replaced after a while, and named by nobody", () => {
    const cluster = new Cluster("silent");
    const running = cluster.enrolled("silent");
    cluster.tamper = (oracle, message) => (oracle === 1 && message.kind === "shares" ? undefined : message);
    expectSigned(cluster, running, "despite silence");
    expect(running.events.some(({ event }) => event === "signing.culprit")).toBe(false);
  });

  test("a late answer to an earlier COMMIT of the same slot convicts nobody", () => {
    const cluster = new Cluster("late");
    const running = cluster.enrolled("late");
    let told = 0;
    cluster.tamper = (oracle, message) => {
      if (oracle !== 1 || message.kind !== "shares" || told++ > 0) return message;
      const results = message.results.map(
        (one): ShareResult =>
          one.kind === "share" ? { ...one, z: one.z.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) } : one,
      );
      running.host.receive(1, 0x7fff_ffff, { ...message, results });
      return undefined;
    };
    expectSigned(cluster, running, "late and wrong");
    expect(told).toBeGreaterThan(0);
    expect(running.events.some(({ event }) => event === "signing.culprit")).toBe(false);
  });

  test("one DENY is worked around; DENY by more than n - t fails that message alone", () => {
    const cluster = new Cluster("deny");
    const running = cluster.enrolled("deny");
    const deny = (
      oracle: number,
      message: Extract<OracleMessage, { kind: "shares" }>,
      index: number,
    ): OracleMessage => {
      const { instance, seq, headerHash } = message;
      const code = "ERR_MESSAGE_DENIED_POLICY";
      const denial = { version: 1 as const, oracle, instance, seq, headerHash, message: index, code };
      const seed = cluster.cast.voteSeeds[oracle - 1] ?? new Uint8Array(32);
      const denied: ShareResult = {
        kind: "denied",
        code,
        signature: group.ed25519.sign(seed, denialInput(denial)),
      };
      return { ...message, results: message.results.map((one, i) => (i === index ? denied : one)) };
    };
    cluster.tamper = (oracle, message) =>
      oracle === 1 && message.kind === "shares" ? deny(oracle, message, 0) : message;
    expectSigned(cluster, running, "one denies", "fine");
    cluster.tamper = (oracle, message) =>
      oracle <= 2 && message.kind === "shares" ? deny(oracle, message, 1) : message;
    const outcome = cluster.sign(running, "fine", "denied by two", "fine too");
    if (!outcome.ok) throw new Error(outcome.code);
    expect(outcome.outcomes.map((one) => (one.ok ? "signed" : one.code))).toEqual([
      "signed",
      "ERR_MESSAGE_DENIED_POLICY",
      "signed",
    ]);
    cluster.tamper = (_, message) => message;
    expectSigned(cluster, running, "the chain goes on");
  });

  test("oracles that refuse every COMMIT are asked ever more seldom, and the chain goes on", () => {
    const cluster = new Cluster("no-commit");
    const running = cluster.enrolled("no-commit");
    cluster.tamper = (_, message, request) => (request.kind === "commit" ? refused("ERR_NO_SHARE") : message);
    const before = running.sent.length;
    expect(cluster.sign(running, "nobody signs")).toEqual({ ok: false, code: "ERR_QUORUM_UNREACHABLE" });
    expect(running.sent.length - before).toBeLessThan(100);
    cluster.tamper = (_, message) => message;
    expectSigned(cluster, running, "all sign");
  });

  test("a denial with a bad signature counts for nothing", () => {
    const cluster = new Cluster("forged-deny");
    const running = cluster.enrolled("forged-deny");
    cluster.tamper = (oracle, message) =>
      oracle === 1 && message.kind === "shares"
        ? {
            ...message,
            results: message.results.map(() => ({
              kind: "denied",
              code: "ERR_X",
              signature: new Uint8Array(64),
            })),
          }
        : message;
    expectSigned(cluster, running, "despite a forged denial");
  });
});
