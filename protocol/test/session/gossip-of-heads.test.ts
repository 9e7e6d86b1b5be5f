import { describe, expect, test } from "vitest";
import { assembleCertificate } from "../../src/session/vote.ts";
import { peerTraffic, recordOf, stolen, tellCertified, votesFor } from "./stolen-workload.ts";
import { forgeStep } from "./world/forge.ts";

const VOTERS = [1, 2, 3];

/** A step that oracles voted for, and its certificate from the votes of 1, 2 and 3. */
function certifiedStep(name: string, heard: readonly number[]) {
  const { cluster, live } = stolen(name);
  cluster.loop.pass(3000);
  const sent = peerTraffic(cluster);
  const step = forgeStep(live, name);
  const votes = votesFor(cluster, step, heard).filter(({ vote }) => VOTERS.includes(vote.oracle));
  const qc = assembleCertificate(votes);
  const { instance, seq } = step.signed.header;
  const headOf = (id: number) => recordOf(cluster, id, instance).head?.signed.header.seq;
  const tell = (id: number) => {
    expect(tellCertified(cluster, id, { signed: step.signed, qc }).kind).toBe("certAck");
  };
  return { cluster, sent, seq, headOf, tell };
}

describe("a certified head", () => {
  test("is not sent to those who voted for it and whom the workload told; who did neither gets it", () => {
    const { cluster, sent, seq, headOf, tell } = certifiedStep("told", VOTERS);
    for (const id of VOTERS) tell(id);
    cluster.loop.pass(1500);
    expect(headOf(4)).toBe(seq);
    const heads = sent.filter((line) => line.endsWith(" head"));
    expect(new Set(heads)).toEqual(new Set(["1 > 4 head", "2 > 4 head", "3 > 4 head"]));
  });

  test("reaches voters that the workload did not tell, also when they had shown the header before it came", () => {
    const { cluster, seq, headOf, tell } = certifiedStep("untold", [1, 2, 3, 4]);
    cluster.loop.pass(2500);
    expect([1, 2, 3, 4].map(headOf)).toEqual([seq - 1, seq - 1, seq - 1, seq - 1]);
    tell(1);
    cluster.loop.pass(2500);
    expect([1, 2, 3, 4].map(headOf)).toEqual([seq, seq, seq, seq]);
  });

  test("reaches voters that show the header after it came", () => {
    const { cluster, seq, headOf, tell } = certifiedStep("asked", VOTERS);
    tell(1);
    cluster.loop.pass(2500);
    expect([1, 2, 3, 4].map(headOf)).toEqual([seq, seq, seq, seq]);
  });
});
