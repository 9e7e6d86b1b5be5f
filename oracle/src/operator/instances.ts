import { check, fromBase64Url, fromHex, IpseError, toHex } from "@ipse/protocol";
import { decode } from "@ipse/protocol/encoding";
import {
  type CertifiedHeader,
  certifiedHeader,
  type ForkEvidence,
  forkEvidence,
  verifyCertificate,
  verifyEvidence,
} from "@ipse/protocol/session";
import { type Agreed, reachedBy } from "./agree.ts";
import type { Cluster } from "./cluster.ts";
import { findInstances, type InstanceItem } from "./lists.ts";
import { readAll, readFrom } from "./read.ts";
import type { Refusal } from "./submit.ts";

const PREFIX_CHARS_MIN = 6;

/** Finds one instance by its id or by the start of it. Throws ERR_INSTANCE_NOT_FOUND, ERR_INSTANCE_DISPUTED or ERR_USAGE. */
export async function findInstance(
  cluster: Cluster,
  need: number,
  id: string,
): Promise<Agreed<InstanceItem> & { readonly failed: readonly Refusal[] }> {
  const shaped = /^[0-9a-f]{1,64}$/.test(id) && id.length >= PREFIX_CHARS_MIN;
  check(
    shaped,
    "ERR_USAGE",
    `an instance id is 64 hex digits; ${PREFIX_CHARS_MIN} or more from its start will do`,
  );
  const { merged, failed } = await findInstances(cluster, need);
  const agreed = merged.agreed.filter(({ value }) => value.instance.startsWith(id));
  const disputed = merged.disputed.filter(({ key }) => key.startsWith(id));
  check(agreed.length + disputed.length <= 1, "ERR_USAGE", `several instances start with ${id}`);
  const [found] = agreed;
  if (found !== undefined) return { ...found, failed };
  const [dispute] = disputed;
  if (dispute === undefined) throw new IpseError("ERR_INSTANCE_NOT_FOUND", `no instance ${id}`);
  const claims = dispute.claims.map(({ value, saidBy }) => `${value.status} (oracles ${saidBy.join(", ")})`);
  throw new IpseError("ERR_INSTANCE_DISPUTED", `the oracles do not agree (yet): ${claims.join("; ")}`);
}

/** The id as bytes; the text came from findInstance. */
export function instanceBytes(item: InstanceItem): Uint8Array {
  return fromHex(item.instance) ?? new Uint8Array();
}

function decoded<T>(read: (bytes: Uint8Array) => T, value: unknown): T {
  const bytes = typeof value === "string" ? fromBase64Url(value) : undefined;
  check(bytes !== undefined, "ERR_READ_ANSWER", "the answer is not base64url");
  return read(bytes);
}

/** Throws what an oracle reported inside a signed answer. */
function unwrap(answer: Record<string, unknown>): Record<string, unknown> {
  const error = answer["error"] as { code?: string; message?: string } | undefined;
  if (error !== undefined) throw new IpseError(error.code ?? "ERR_READ_ANSWER", error.message ?? "refused");
  return answer;
}

/** Certified headers, newest first. Each proves itself: one oracle's answer is as good as any. */
export async function readHistory(
  cluster: Cluster,
  instance: Uint8Array,
  limit: number,
): Promise<CertifiedHeader[]> {
  const { group, roster } = cluster;
  const { answers } = await readAll(cluster, async (endpoint) => {
    const out: CertifiedHeader[] = [];
    for (let belowSeq: number | undefined; out.length < limit; ) {
      const query = {
        kind: "history",
        instance,
        limit: Math.min(100, limit - out.length),
        belowSeq,
      } as const;
      const { headers } = unwrap(await readFrom(cluster, endpoint, query));
      const page = (headers as unknown[]).map((one) =>
        decoded((bytes) => decode(certifiedHeader, bytes), one),
      );
      for (const { signed, qc } of page) verifyCertificate(group, roster, qc, signed.header);
      out.push(...page);
      belowSeq = out.at(-1)?.signed.header.seq;
      if (page.length === 0 || belowSeq === 0) break;
    }
    return out;
  });
  const top = (headers: readonly CertifiedHeader[]): number => headers[0]?.signed.header.seq ?? -1;
  return [...answers].sort((a, b) => top(b.value) - top(a.value))[0]?.value.slice(0, limit) ?? [];
}

/** The fork evidence about an instance, verified against the roster before anybody sees it. */
export async function readEvidence(cluster: Cluster, instance: Uint8Array): Promise<ForkEvidence> {
  const { answers, failed } = await readAll(cluster, async (endpoint) => {
    const answer = await readFrom(cluster, endpoint, { kind: "evidence", instance });
    if (answer["error"] !== undefined) return undefined;
    const evidence = decoded((bytes) => decode(forkEvidence, bytes), answer["evidence"]);
    const about = verifyEvidence(cluster.group, cluster.roster, evidence);
    check(toHex(about) === toHex(instance), "ERR_READ_ANSWER", "evidence about another instance");
    return evidence;
  });
  for (const { value } of answers) if (value !== undefined) return value;
  const [lie] = failed.filter(({ code }) => code.startsWith("ERR_EVIDENCE"));
  if (lie !== undefined) throw new IpseError(lie.code, `oracle ${lie.oracle}: ${lie.message}`);
  throw new IpseError("ERR_EVIDENCE_NOT_FOUND", "no oracle holds fork evidence about this instance");
}

/** The release number after the newest that `need` oracles know. */
export async function nextRelease(cluster: Cluster, instance: Uint8Array, need: number): Promise<number> {
  const { answers } = await readAll(cluster, async (endpoint) => {
    const { release } = unwrap(await readFrom(cluster, endpoint, { kind: "instance", instance }));
    return typeof release === "number" ? release : 0;
  });
  return (
    reachedBy(
      answers.map(({ value }) => value),
      need,
    ) + 1
  );
}
