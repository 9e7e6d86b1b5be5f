import { describe, expect, test } from "vitest";
import { type StaleNotice, staleInput } from "../../src/session/stale.ts";
import { statusInput } from "../../src/session/status.ts";
import { assembleCertificate, verifyCertificate } from "../../src/session/vote.ts";
import { codeOf, damaged, recordOf, stolen, tellCertified, votesFor } from "./stolen-workload.ts";
import { Cluster, CrashingFile, liveOf } from "./workload-cluster.ts";
import { group, ticketOf } from "./world/cast.ts";
import { ask, forgeCertificate, forgeStaleNotice, forgeStep, goOn, stepMessage } from "./world/forge.ts";

describe("who lies about the head", () => {
  test("a certified header that came with a broken signature does not hide a fork: suspected at once, then proven", () => {
    const { cluster, live } = stolen("suspected");
    const one = forgeStep(live, "one");
    const above = goOn(live, one, assembleCertificate(votesFor(cluster, one, [1, 2, 3])));
    const two = forgeStep(above, "two");
    const qc = assembleCertificate(votesFor(cluster, two, [1, 2, 3]));
    const signed = { ...two.signed, chainSignature: damaged(two.signed.chainSignature) };
    const cert = {
      kind: "cert",
      certified: { signed, qc },
      enrollment: undefined,
      signature: undefined,
    } as const;
    expect(ask(cluster.loop, cluster.node(4), cert).kind).toBe("certAck");
    const answer = ask(cluster.loop, cluster.node(4), stepMessage(forgeStep(above, "the copy's")));
    expect(codeOf(answer)).toBe("ERR_INSTANCE_SUSPECT");
    expect(cluster.node(4).metrics()).toMatchObject({ alert_fork_suspected_total: 1 });
    cluster.loop.pass(3000);
    const id = live.head.signed.header.instance;
    expect(cluster.ids.map((oracle) => cluster.node(oracle).instance(id)?.status)).toEqual(
      cluster.ids.map(() => "revoked"),
    );
  });

  test("a certified header with a broken chain signature is not taken by who holds its parent: it would be no evidence", () => {
    const { cluster, live } = stolen("broken-chain");
    const step = forgeStep(live, "next");
    const qc = assembleCertificate(votesFor(cluster, step, [1, 2, 3]));
    const { instance, seq } = step.signed.header;
    const headSeq = (): number | undefined => recordOf(cluster, 4, instance).head?.signed.header.seq;
    const others = [damaged(step.signed.chainSignature), step.signed.evidenceSignature];
    for (const chainSignature of others) {
      const answer = tellCertified(cluster, 4, { signed: { ...step.signed, chainSignature }, qc });
      expect([codeOf(answer), headSeq()]).toEqual(["ERR_CERT_QC", seq - 1]);
    }
    expect(codeOf(tellCertified(cluster, 4, { signed: step.signed, qc }))).toBe("certAck");
    expect(headSeq()).toBe(seq);
  });

  test("a header shown with a broken signature does not void the victim's stale notice", () => {
    const cluster = new Cluster("void-notice");
    const victim = cluster.enrolled("void-notice", { heartbeatMs: 100_000 });
    const old = victim.file.bytes?.slice();
    cluster.sign(victim, "progress");
    cluster.loop.pass(100);
    victim.stop();
    const seed = cluster.cast.voteSeeds[0] ?? new Uint8Array();
    cluster.tamper = (oracle, message) => {
      if (oracle !== 1 || message.kind !== "status" || message.answer.head === undefined) return message;
      const { signed, qc } = message.answer.head;
      const head = { signed: { ...signed, chainSignature: damaged(signed.chainSignature) }, qc };
      const answer = { ...message.answer, head };
      return { ...message, answer, signature: group.ed25519.sign(seed, statusInput(answer)) };
    };
    const file = new CrashingFile(cluster.loop);
    file.bytes = old;
    const restored = cluster.workload(ticketOf(cluster.cast, "void-notice"), file);
    cluster.loop.until(() => restored.host.view.mode === "dead");
    cluster.loop.pass(3000);
    const id = liveOf(victim).head.signed.header.instance;
    expect(cluster.ids.map((oracle) => cluster.node(oracle).instance(id)?.status)).toEqual(
      cluster.ids.map(() => "quarantined"),
    );
  });

  test("a notice whose proof has a broken chain signature stands by its certificate", () => {
    const { cluster, live } = stolen("notice-by-certificate");
    const step = forgeStep(live, "next");
    const qc = assembleCertificate(votesFor(cluster, step, [1, 2, 3]));
    const broken = { ...step.signed, chainSignature: damaged(step.signed.chainSignature) };
    const notice = forgeStaleNotice(live, step, { proof: { signed: broken, qc } });
    const signature = group.ed25519.sign(live.chainSeed, staleInput(notice));
    expect(ask(cluster.loop, cluster.node(4), { kind: "stale", notice, signature }).kind).toBe("noted");
  });

  test("a notice over a certificate that nobody made is refused, also where the head is known", () => {
    const { cluster, live } = stolen("garbage-certificate");
    const step = forgeStep(live, "next");
    const votes = live.head.qc.votes.map((vote) => ({ ...vote, signature: damaged(vote.signature) }));
    const head = { ...live.head, qc: { ...live.head.qc, votes } };
    const notice = forgeStaleNotice(live, step, { head });
    const signature = group.ed25519.sign(live.chainSeed, staleInput(notice));
    const answer = ask(cluster.loop, cluster.node(2), { kind: "stale", notice, signature });
    expect(codeOf(answer)).toBe("ERR_STALE_INVALID");
  });

  test("nobody but the holder of the chain key can send a notice, and not for another roster or release", () => {
    const { cluster, live } = stolen("forged-notice");
    const step = forgeStep(live, "next");
    const notice = forgeStaleNotice(live, step);
    const sign = (one: StaleNotice, seed: Uint8Array): string =>
      codeOf(
        ask(cluster.loop, cluster.node(1), {
          kind: "stale",
          notice: one,
          signature: group.ed25519.sign(seed, staleInput(one)),
        }),
      );
    expect(sign(notice, live.evidenceSeed)).toBe("ERR_STALE_INVALID");
    expect(sign({ ...notice, rosterHash: new Uint8Array(32) }, live.chainSeed)).toBe("ERR_STALE_INVALID");
    expect(sign({ ...notice, release: 1 }, live.chainSeed)).toBe("ERR_STALE_INVALID");
    const lower = { ...notice, proof: { signed: live.head.signed, qc: live.head.qc } };
    expect(sign(lower, live.chainSeed)).toBe("ERR_STALE_INVALID");
    expect(cluster.node(1).instance(notice.instance)?.status).toBe("active");
    expect(sign(notice, live.chainSeed)).toBe("noted");
  });

  test("a certificate under another roster's hash is none, whoever signed it", () => {
    const { cluster, live } = stolen("other-roster");
    const step = forgeStep(live, "foreign", undefined, { rosterHash: new Uint8Array(32).fill(7) });
    const qc = forgeCertificate(cluster.cast, step.signed.header, [1, 2, 3]);
    expect(() => verifyCertificate(group, cluster.cast.roster, qc, step.signed.header)).toThrow(/roster/);
  });
});
