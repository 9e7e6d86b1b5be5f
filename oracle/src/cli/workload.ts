import { IpseError, isSpiffeId, TTL_SECONDS_MAX } from "@ipse/protocol";
import type { StatementPayload } from "@ipse/protocol/registry";
import type { Command } from "commander";
import { findWorkloads, openCluster, state, type WorkloadItem } from "../operator/index.ts";
import {
  enough,
  type OperatorOptions,
  submittedJson,
  submittedText,
  warnFailed,
  withCluster,
} from "./cluster-options.ts";
import { print, table, warn } from "./output.ts";
import { each, group, integer, oneOf, verb } from "./verb.ts";

interface CreateOptions extends OperatorOptions {
  readonly resource?: readonly string[];
  readonly scope?: readonly string[];
  readonly ttl: number;
  readonly onStale: "quarantine" | "revoke";
  readonly allowRaw?: boolean;
}

type WorkloadPayload = Extract<StatementPayload, { kind: "workload" }>;

function spiffeIdOf(args: readonly string[]): string {
  const [id = ""] = args;
  if (isSpiffeId(id)) return id;
  throw new IpseError(
    "ERR_USAGE",
    `not a SPIFFE ID: expected spiffe://trust-domain/path, got ${JSON.stringify(id.slice(0, 100))}`,
  );
}

function itemText({ spiffe_id, resources, scopes, ttl_seconds, on_stale, allow_raw }: WorkloadItem): string {
  return [
    `SPIFFE ID  ${spiffe_id}`,
    `resources  ${resources.join(" ") || "-"}`,
    `scopes     ${scopes.join(" ") || "-"}`,
    `token ttl  ${ttl_seconds} s`,
    `on stale   ${on_stale}`,
    `allow raw  ${allow_raw ? "yes" : "no"}`,
  ].join("\n");
}

async function create(args: readonly string[], options: CreateOptions): Promise<undefined> {
  const { resource = [], scope = [], ttl, onStale, allowRaw = false, json = false } = options;
  const spiffeId = spiffeIdOf(args);
  const cluster = await openCluster(options);
  const payload: WorkloadPayload = {
    kind: "workload",
    spiffeId,
    deleted: false,
    resources: [...resource],
    scopes: [...scope],
    ttlSeconds: ttl,
    onStale,
    allowRaw,
  };
  const submitted = await state(cluster, payload);
  print(
    json,
    { spiffe_id: spiffeId, ...submittedJson(submitted) },
    `${spiffeId}: ${submittedText(cluster, submitted)}`,
  );
  return undefined;
}

async function list(_args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { merged, failed } = await findWorkloads(cluster, enough(cluster));
  const workloads = merged.agreed.map(({ value }) => value);
  const disputed = merged.disputed.map(({ key, claims }) => ({
    spiffe_id: key,
    claims: claims.map(({ value, saidBy }) => ({ ...value, said_by: saidBy })),
  }));
  if (options.json !== true) {
    warnFailed(failed);
    for (const { spiffe_id } of disputed) warn(`the oracles do not agree (yet) about ${spiffe_id}`);
  }
  const rows = workloads.map((one) => [
    one.spiffe_id,
    one.resources.length,
    one.scopes.join(" "),
    one.ttl_seconds,
  ]);
  const text = table(["SPIFFE ID", "RESOURCES", "SCOPES", "TTL"], rows);
  print(options.json ?? false, { workloads, disputed, failed }, text);
  return undefined;
}

async function show(args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const spiffeId = spiffeIdOf(args);
  const cluster = await openCluster(options);
  const { merged, failed } = await findWorkloads(cluster, enough(cluster));
  const found = merged.agreed.find(({ value }) => value.spiffe_id === spiffeId);
  if (options.json !== true) warnFailed(failed);
  if (found === undefined) throw new IpseError("ERR_WORKLOAD_NOT_FOUND", `no workload ${spiffeId}`);
  print(options.json ?? false, { ...found.value, said_by: found.saidBy }, itemText(found.value));
  return undefined;
}

async function remove(args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const spiffeId = spiffeIdOf(args);
  const cluster = await openCluster(options);
  const payload: WorkloadPayload = {
    kind: "workload",
    spiffeId,
    deleted: true,
    resources: [],
    scopes: [],
    ttlSeconds: 1,
    onStale: "quarantine",
    allowRaw: false,
  };
  const submitted = await state(cluster, payload);
  const value = { spiffe_id: spiffeId, deleted: true, ...submittedJson(submitted) };
  print(options.json ?? false, value, `${spiffeId} deleted: ${submittedText(cluster, submitted)}`);
  return undefined;
}

export function workloadVerbs(program: Command): void {
  const workload = group(program, "workload", "register workloads and say what they may do");
  const options = (command: Command): Command =>
    withCluster(command)
      .option("--resource <url>", "a resource it may ask tokens for (RFC 8707); repeat it", each)
      .option("--scope <scope>", "a scope it may ask for; repeat it", each)
      .option("--ttl <seconds>", "lifetime of its access tokens", integer(1, TTL_SECONDS_MAX), 300)
      .option(
        "--on-stale <what>",
        "when safe start finds it behind: quarantine or revoke",
        oneOf(["quarantine", "revoke"]),
        "quarantine",
      )
      .option("--allow-raw", "it may have arbitrary bytes signed");
  verb<CreateOptions>(
    workload,
    "create <spiffe-id>",
    "register a workload, or replace what it may do",
    options,
    create,
  );
  verb<OperatorOptions>(workload, "list", "the workloads on which b+1 oracles agree", withCluster, list);
  verb<OperatorOptions>(workload, "show <spiffe-id>", "one workload", withCluster, show);
  verb<OperatorOptions>(
    workload,
    "delete <spiffe-id>",
    "end a workload: its instances get no more tokens",
    withCluster,
    remove,
  );
}
