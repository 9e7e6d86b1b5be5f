import { IpseError, toHex } from "@ipse/protocol";
import type { InstanceAction } from "@ipse/protocol/registry";
import { headerHash } from "@ipse/protocol/session";
import type { Command } from "commander";
import {
  type Cluster,
  findInstance,
  findInstances,
  type InstanceItem,
  instanceBytes,
  makeTicket,
  nextRelease,
  openCluster,
  readHistory,
  state,
} from "../operator/index.ts";
import {
  enough,
  type OperatorOptions,
  submittedJson,
  submittedText,
  warnFailed,
  withCluster,
} from "./cluster-options.ts";
import { print, table, warn } from "./output.ts";
import { group, integer, verb } from "./verb.ts";

interface ActOptions extends OperatorOptions {
  readonly reason: string;
}
interface HistoryOptions extends OperatorOptions {
  readonly limit: number;
}
interface ReplaceOptions extends ActOptions {
  readonly ttl: number;
}
type Action = InstanceAction["action"];

async function list(
  _args: readonly string[],
  options: OperatorOptions & { spiffeId?: string },
): Promise<undefined> {
  const cluster = await openCluster(options);
  const { merged, failed } = await findInstances(cluster, enough(cluster));
  const ours = ({ spiffe_id }: InstanceItem): boolean =>
    options.spiffeId === undefined || spiffe_id === options.spiffeId;
  const instances = merged.agreed.map(({ value }) => value).filter(ours);
  const disputed = merged.disputed.map(({ key, claims }) => ({
    instance: key,
    claims: claims.map(({ value, saidBy }) => ({
      status: value.status,
      release: value.release,
      said_by: saidBy,
    })),
  }));
  if (options.json !== true) {
    warnFailed(failed);
    for (const { instance } of disputed) warn(`the oracles do not agree (yet) about ${instance}`);
  }
  const rows = instances.map((one) => [
    one.instance.slice(0, 16),
    one.spiffe_id,
    one.status,
    one.head_seq,
    one.reason,
  ]);
  print(
    options.json ?? false,
    { instances, disputed, failed },
    table(["INSTANCE", "SPIFFE ID", "STATUS", "SEQ", "REASON"], rows),
  );
  return undefined;
}

async function show(args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { value, saidBy, failed } = await findInstance(cluster, enough(cluster), args[0] ?? "");
  if (options.json !== true) warnFailed(failed);
  const text = [
    `instance       ${value.instance}`,
    `SPIFFE ID      ${value.spiffe_id}`,
    `status         ${value.status}${value.reason === null ? "" : ` (${value.reason})`}`,
    `head           seq ${value.head_seq ?? "-"}, share version ${value.share_version ?? "-"}, release ${value.release}`,
    `identity key   ${value.identity_key}`,
    `said by        oracles ${saidBy.join(", ")}`,
  ].join("\n");
  print(options.json ?? false, { ...value, said_by: saidBy }, text);
  return undefined;
}

async function history(args: readonly string[], options: HistoryOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { value } = await findInstance(cluster, enough(cluster), args[0] ?? "");
  const headers = await readHistory(cluster, instanceBytes(value), options.limit);
  const steps = headers.map(({ signed: { header }, qc }) => ({
    seq: header.seq,
    kind: header.kind,
    ratchet: header.ratchet,
    share_version: header.shareVersion,
    header_hash: toHex(headerHash(header)),
    certified_by: qc.votes.map(({ oracle }) => oracle),
  }));
  const rows = steps.map((one) => [
    one.seq,
    one.kind + (one.ratchet && one.kind !== "ratchet" ? "+ratchet" : ""),
    one.share_version,
    one.certified_by.join(" "),
    one.header_hash.slice(0, 16),
  ]);
  const text = table(["SEQ", "KIND", "SHARE", "ORACLES", "HEADER"], rows);
  print(options.json ?? false, { instance: value.instance, steps }, text);
  return undefined;
}

async function act(cluster: Cluster, item: InstanceItem, action: Action, reason: string) {
  const instance = instanceBytes(item);
  const release = action === "release" ? await nextRelease(cluster, instance, enough(cluster)) : 0;
  return {
    release,
    submitted: await state(cluster, { kind: "instance", instance, action, release, reason }),
  };
}

function acting(action: Action, done: string) {
  return async (args: readonly string[], options: ActOptions): Promise<undefined> => {
    const cluster = await openCluster(options);
    const { value } = await findInstance(cluster, enough(cluster), args[0] ?? "");
    if (value.status === "revoked" && action !== "revoke")
      throw new IpseError("ERR_INSTANCE_REVOKED", `${value.instance} is revoked, for ever`);
    const { release, submitted } = await act(cluster, value, action, options.reason);
    const extra = action === "release" ? { release } : {};
    const json = {
      instance: value.instance,
      action,
      reason: options.reason,
      ...extra,
      ...submittedJson(submitted),
    };
    print(options.json ?? false, json, `${value.instance} ${done}: ${submittedText(cluster, submitted)}`);
    return undefined;
  };
}

async function replace(args: readonly string[], options: ReplaceOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { value } = await findInstance(cluster, enough(cluster), args[0] ?? "");
  const { submitted } = await act(cluster, value, "revoke", options.reason);
  const ticket = { spiffeId: value.spiffe_id, ttlSeconds: options.ttl, uses: 1, deployer: undefined };
  const made = makeTicket(cluster, ticket, Date.now());
  const json = {
    instance: value.instance,
    spiffe_id: value.spiffe_id,
    reason: options.reason,
    join: made.joinUri,
    ticket: toHex(made.ticketId),
    expires_at: new Date(made.expiresAtMs).toISOString(),
    ...submittedJson(submitted),
  };
  if (options.json !== true)
    process.stderr.write(`${value.instance} revoked: ${submittedText(cluster, submitted)}\n`);
  print(options.json ?? false, json, made.joinUri);
  return undefined;
}

export function instanceVerbs(program: Command): void {
  const instance = group(program, "instance", "see the instances of workloads and decide about them");
  const reasoned = (fallback: string) => (command: Command) =>
    withCluster(command).option("--reason <text>", "why, for the record", fallback);
  const filtered = (command: Command): Command =>
    withCluster(command).option("--spiffe-id <id>", "of this workload alone");
  verb(instance, "list", "the instances on which b+1 oracles agree", filtered, list);
  verb<OperatorOptions>(instance, "show <id>", "one instance", withCluster, show);
  const limited = (command: Command): Command =>
    withCluster(command).option("--limit <n>", "steps, newest first", integer(1, 10_000), 20);
  verb<HistoryOptions>(instance, "history <id>", "its certified steps, each checked here", limited, history);
  verb<ActOptions>(
    instance,
    "revoke <id>",
    "end it for ever",
    reasoned("revoked by an operator"),
    acting("revoke", "revoked"),
  );
  verb<ActOptions>(
    instance,
    "quarantine <id>",
    "stop it until an operator releases it",
    reasoned("quarantined by an operator"),
    acting("quarantine", "quarantined"),
  );
  verb<ActOptions>(
    instance,
    "release <id>",
    "let it go on; only a copy at the head can",
    reasoned("released by an operator"),
    acting("release", "released"),
  );
  const replacing = (command: Command): Command =>
    reasoned("replaced by an operator")(command).option(
      "--ttl <seconds>",
      "how long the new join URI can be used",
      integer(1, 30 * 24 * 60 * 60),
      600,
    );
  verb<ReplaceOptions>(
    instance,
    "replace <id>",
    "end it and print a join URI for its successor",
    replacing,
    replace,
  );
}
