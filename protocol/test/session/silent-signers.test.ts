import { describe, expect, test } from "vitest";
import { seededRandom } from "../group/backends.ts";
import { Cluster, type Running, raw } from "./workload-cluster.ts";

const TOPOLOGIES = [
  [4, 3, 1],
  [7, 5, 2],
  [10, 7, 3],
] as const;

/** Signs messages in one step; how long it took and in how many attempts. */
function sign(cluster: Cluster, running: Running, texts: readonly string[]) {
  const { sent } = running;
  const [from, startMs] = [sent.length, cluster.loop.nowMs];
  let outcome: { ok: boolean } | undefined;
  running.host.submit(texts.map(raw), (result) => {
    outcome = { ok: result.ok && result.outcomes.every(({ ok }) => ok) };
  });
  cluster.loop.until(() => outcome !== undefined);
  const commits = sent.slice(from).filter(({ message }) => message.kind === "commit").length;
  const attempts = commits / cluster.cast.roster.quorum;
  return { ok: outcome?.ok, attempts, tookMs: cluster.loop.nowMs - startMs };
}

function enrolled(name: string, [n, q, b]: readonly [number, number, number]) {
  const cluster = new Cluster(name, n, q, b);
  return { cluster, running: cluster.enrolled(name, { heartbeatMs: 100_000 }) };
}

describe.each(TOPOLOGIES)("silent signers, %i oracles, quorum %i, %i of them", (n, q, b) => {
  test.each([50, 300, 400])("cost one attempt, whatever STEP was sent twice on links of %i ms", (delayMs) => {
    const { cluster, running } = enrolled(`slow/${n}/${delayMs}`, [n, q, b]);
    cluster.network = () => [delayMs];
    for (const text of ["one", "two"]) {
      expect(sign(cluster, running, [text]).ok).toBe(true);
      cluster.loop.pass(5000);
    }
    cluster.tamper = (oracle, message, request) =>
      oracle <= b && request.kind === "commit" ? undefined : message;
    expect(sign(cluster, running, ["three"])).toMatchObject({ ok: true, attempts: 2 });
  });

  test("do not keep out an honest one whose answer was lost once", () => {
    const { cluster, running } = enrolled(`starved/${n}`, [n, q, b]);
    cluster.network = () => [10];
    let lost = false;
    cluster.tamper = (oracle, message, request) => {
      if (request.kind !== "commit") return message;
      if (oracle === n && !lost) {
        lost = true;
        return undefined;
      }
      return oracle <= b ? undefined : message;
    };
    const { ok, attempts } = sign(cluster, running, ["message"]);
    expect(ok).toBe(true);
    expect(attempts).toBeLessThanOrEqual(b + 3);
  });

  test.each(["silent", "sometimes", "refusing"])(
    "who are %s deny nothing on links with late messages",
    (how) => {
      const { cluster, running } = enrolled(`late/${n}/${how}`, [n, q, b]);
      const random = seededRandom(`late/${n}/${how}`);
      const unit = (): number => ((random(1)[0] ?? 0) + 0.5) / 256;
      cluster.network = () => (unit() < 0.1 ? [300 + 600 * unit()] : [1 + 20 * unit()]);
      cluster.tamper = (oracle, message, request) => {
        if (oracle > b || request.kind !== "commit") return message;
        if (how === "sometimes" && unit() < 0.3) return message;
        if (how !== "refusing") return undefined;
        const code = "ERR_NONCE_SLOT";
        return { kind: "refused", code, message: "", retryAfterMs: 0, proof: undefined };
      };
      for (let i = 0; i < 6; i++) {
        expect({ i, ...sign(cluster, running, [`${i}`, `and ${i}`]) }).toMatchObject({ i, ok: true });
        cluster.loop.pass(500);
      }
    },
  );
});
