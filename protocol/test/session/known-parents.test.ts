import { describe, expect, test } from "vitest";
import type { AgentRequest } from "../../src/session/workload/index.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { Cluster, type Running, raw } from "./workload-cluster.ts";

type Sent = Running["sent"];

function signed(name: string) {
  const cluster = new Cluster(name);
  const running = cluster.enrolled(name, { heartbeatMs: 100_000 });
  const sign = (text: string): Sent => {
    const from = running.sent.length;
    let done = false;
    running.host.submit([raw(text)], (result) => {
      expect(result.ok && result.outcomes.every(({ ok }) => ok)).toBe(true);
      done = true;
    });
    cluster.loop.until(() => done);
    cluster.loop.pass(50);
    return running.sent.slice(from);
  };
  return { cluster, running, sign };
}

const who = (sent: Sent, accept: (message: AgentRequest) => boolean): number[] =>
  sent.filter(({ message }) => accept(message)).map(({ oracle }) => oracle);
const without = (message: AgentRequest): boolean => message.kind === "step" && message.parent === undefined;
const withParent = (message: AgentRequest): boolean =>
  message.kind === "step" && message.parent !== undefined;

describe("the parent of a STEP", () => {
  test("is left out towards those who answered its COMMIT, and nobody else", () => {
    const { sign } = signed("left-out");
    let signers = who(sign("one"), ({ kind }) => kind === "commit");
    for (const text of ["two", "three", "four"]) {
      const sent = sign(text);
      expect(who(sent, without).sort()).toEqual([...signers].sort());
      expect(who(sent, withParent)).toEqual([1, 2, 3, 4].filter((oracle) => !signers.includes(oracle)));
      signers = who(sent, ({ kind }) => kind === "commit");
      expect(signers).toHaveLength(3);
    }
  });

  test("comes with the second try", () => {
    const { cluster, sign } = signed("second-try");
    sign("one");
    let lost = 0;
    cluster.tamper = (_, message, request) => {
      if (request.kind !== "step" || request.parent !== undefined) return message;
      lost++;
      return undefined;
    };
    const sent = sign("two");
    expect(lost).toBe(3);
    expect(new Set(who(sent, withParent)).size).toBeGreaterThanOrEqual(3);
  });

  test("comes at once where it was lost, and once to a liar who says so", () => {
    const { cluster, sign } = signed("lost");
    const [liar = 0] = who(sign("one"), ({ kind }) => kind === "commit");
    const refused: OracleMessage = {
      kind: "refused",
      code: "ERR_STEP_PARENT",
      message: "",
      retryAfterMs: 0,
      proof: undefined,
    };
    cluster.tamper = (oracle, message, request) =>
      oracle === liar && request.kind === "step" ? refused : message;
    const startMs = cluster.loop.nowMs;
    const sent = sign("two").filter(({ oracle }) => oracle === liar);
    expect(cluster.loop.nowMs - startMs).toBeLessThan(400);
    expect([who(sent, without), who(sent, withParent)]).toEqual([[liar], [liar]]);
  });

  test("comes to an oracle that was away", () => {
    const { cluster, running, sign } = signed("away");
    const [away = 0] = who(sign("one"), ({ kind }) => kind === "commit");
    cluster.restart(away);
    running.host.oracleDown(away);
    running.host.oracleUp(away);
    const sent = sign("two");
    expect(who(sent, without)).not.toContain(away);
    expect(who(sent, withParent)).toContain(away);
  });
});
