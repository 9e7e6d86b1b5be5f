import { IpseError, isSpiffeId, TICKET_USES_MAX, toHex } from "@ipse/protocol";
import type { Command } from "commander";
import { type Cluster, findWorkloads, makeTicket, openCluster } from "../operator/index.ts";
import { enough, type OperatorOptions, withCluster } from "./cluster-options.ts";
import { print, warn } from "./output.ts";
import { group, integer, verb } from "./verb.ts";

interface TicketOptions extends OperatorOptions {
  readonly ttl: number;
  readonly uses: number;
  readonly deployer?: string;
}

/** A ticket for a workload nobody registered is a typo, found here rather than at enrollment. */
async function checkRegistered(cluster: Cluster, spiffeId: string): Promise<void> {
  let found: Awaited<ReturnType<typeof findWorkloads>>;
  try {
    found = await findWorkloads(cluster, enough(cluster));
  } catch (error) {
    warn(`cannot check that the workload exists: ${error instanceof Error ? error.message : "failed"}`);
    return;
  }
  const { agreed, disputed } = found.merged;
  if (agreed.some(({ value }) => value.spiffe_id === spiffeId)) return;
  // It may be so new that gossip has not carried it to b+1 oracles.
  if (disputed.some(({ key }) => key === spiffeId)) return;
  throw new IpseError("ERR_WORKLOAD_NOT_FOUND", `no workload ${spiffeId}; make it with \`workload create\``);
}

async function create(args: readonly string[], options: TicketOptions): Promise<undefined> {
  const { ttl, uses, deployer, json = false } = options;
  const [spiffeId = ""] = args;
  if (!isSpiffeId(spiffeId))
    throw new IpseError("ERR_USAGE", "expected a SPIFFE ID: spiffe://trust-domain/path");
  const cluster = await openCluster(options);
  await checkRegistered(cluster, spiffeId);
  const made = makeTicket(cluster, { spiffeId, ttlSeconds: ttl, uses, deployer }, Date.now());
  const value = {
    join: made.joinUri,
    spiffe_id: spiffeId,
    ticket: toHex(made.ticketId),
    uses,
    expires_at: new Date(made.expiresAtMs).toISOString(),
  };
  print(json, value, made.joinUri);
  return undefined;
}

export function ticketVerbs(program: Command): void {
  const ticket = group(program, "ticket", "let instances enroll");
  const options = (command: Command): Command =>
    withCluster(command)
      .option("--ttl <seconds>", "how long it can be used", integer(1, 30 * 24 * 60 * 60), 600)
      .option("--uses <count>", "how many instances may enroll with it", integer(1, TICKET_USES_MAX), 1)
      .option("--deployer <name>", "sign as this deployer, whom the operator delegates to");
  verb<TicketOptions>(
    ticket,
    "create <spiffe-id>",
    "print a join URI: a secret until it is used up or expires",
    options,
    create,
  );
}
