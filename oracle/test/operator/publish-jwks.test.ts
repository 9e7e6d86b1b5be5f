import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceSummary } from "@ipse/protocol/host";
import type { Workload } from "@ipse/protocol/registry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Cluster, publishJwks } from "../../src/operator/index.ts";
import { FakeNode } from "../support/fake-node.ts";
import { openListener } from "../support/listener.ts";
import { group, keyOf, operator, roster, signedRoster } from "../support/roster.ts";

const SPIFFE_ID = "spiffe://test.ipse/prod/api";
const workload: Workload = {
  spiffeId: SPIFFE_ID,
  deleted: false,
  resources: [],
  scopes: [],
  ttlSeconds: 300,
  onStale: "quarantine",
  allowRaw: false,
};

const instance = (name: number, status: InstanceSummary["status"] = "active"): InstanceSummary => ({
  instance: new Uint8Array(32).fill(name),
  spiffeId: SPIFFE_ID,
  status,
  release: 0,
  headSeq: 3,
  shareVersion: 1,
  identityKey: keyOf(name).publicKey,
  reason: undefined,
});

let out: string;
let nodes: FakeNode[];
let listeners: Awaited<ReturnType<typeof openListener>>[];
let cluster: Cluster;

beforeEach(async () => {
  out = mkdtempSync(join(tmpdir(), "ipse-jwks-"));
  nodes = [1, 2, 3, 4].map((id) => new FakeNode(id));
  listeners = [];
  for (const node of nodes) {
    node.known = [workload];
    node.summaries = [instance(10)];
    listeners.push(await openListener({}, node));
  }
  const endpoints = listeners.map(({ port }, index) => ({
    oracle: index + 1,
    sessionUrl: `http://127.0.0.1:${port}`,
    oauthUrl: `http://127.0.0.1:${port}`,
    tlsPin: new Uint8Array(32),
  }));
  cluster = {
    group,
    signed: signedRoster,
    roster,
    operators: [operator],
    operatorKeyFile: "",
    endpoints,
    heartbeatMs: undefined,
  };
});
afterEach(async () => {
  await Promise.all(listeners.map(({ close }) => close()));
  rmSync(out, { recursive: true });
});

const node = (id: number): FakeNode => nodes[id - 1] ?? new FakeNode(id);
const written = (): string[] => {
  const text = readFileSync(join(out, "workloads/test.ipse/prod/api/jwks.json"), "utf8");
  return (JSON.parse(text) as { keys: { x: string }[] }).keys.map(({ x }) => x);
};
const x = (name: number) => Buffer.from(keyOf(name).publicKey).toString("base64url");

describe("jwks publish", () => {
  it("writes the keys of active instances on which b+1 oracles agree", async () => {
    expect(await publishJwks(cluster, out)).toMatchObject({ workloads: 1, keys: 1, disputed: 0 });
    expect(written()).toEqual([x(10)]);
  });

  it("is readable for a web server, whatever the umask; what was there keeps its mode", async () => {
    const before = process.umask(0o077);
    try {
      await publishJwks(cluster, join(out, "made"));
    } finally {
      process.umask(before);
    }
    const mode = (path: string): number => statSync(join(out, path)).mode & 0o777;
    const leaf = "made/workloads/test.ipse/prod/api";
    expect(["made", "made/workloads", leaf, `${leaf}/jwks.json`].map(mode)).toEqual([
      0o755, 0o755, 0o755, 0o644,
    ]);
    expect(mode(".")).toBe(0o700);
  });

  it("leaves out a key that one oracle alone shows", async () => {
    node(4).summaries = [instance(10), instance(66)];
    expect(await publishJwks(cluster, out)).toMatchObject({ keys: 1, disputed: 1 });
    expect(written()).toEqual([x(10)]);
  });

  it("keeps a key that one oracle alone calls revoked, and drops it when b+1 do", async () => {
    node(4).summaries = [instance(10, "revoked")];
    await publishJwks(cluster, out);
    expect(written()).toEqual([x(10)]);
    node(3).summaries = [instance(10, "revoked")];
    await publishJwks(cluster, out);
    expect(written()).toEqual([]);
  });

  it("empties the copy of a workload that is gone", async () => {
    await publishJwks(cluster, out);
    for (const one of nodes) one.known = [];
    await publishJwks(cluster, out);
    expect(written()).toEqual([]);
  });

  it("writes nothing new when one oracle alone answers", async () => {
    await publishJwks(cluster, out);
    await Promise.all(listeners.slice(1).map(({ close }) => close()));
    node(1).summaries = [instance(66)];
    await expect(publishJwks(cluster, out)).rejects.toMatchObject({ code: "ERR_QUORUM_UNREACHABLE" });
    expect(written()).toEqual([x(10)]);
  });
});
