import { loadGroup } from "@ipse/protocol/group";
import { type Command, Option } from "commander";
import { TOKEN_MODES, type TokenMode } from "../config/index.ts";
import { DEV_DEFAULTS, type DevCluster, readyLine, startDevCluster } from "../dev/index.ts";
import { readRosterFile } from "../operator/roster-file.ts";
import { parentGone } from "../process/signals.ts";
import { EXIT, print, table, warn } from "./output.ts";
import { type CommonOptions, integer, verb } from "./verb.ts";

interface Options extends CommonOptions {
  readonly dir: string;
  readonly oracles?: number;
  readonly quorum?: number;
  readonly port?: number;
  readonly heartbeatMs?: number;
  readonly tokenMode?: TokenMode;
  readonly tokenAlg?: "EdDSA" | "ES256";
}

function define(command: Command): Command {
  const { oracles, quorum, port, heartbeatMs } = DEV_DEFAULTS;
  return command
    .option("--dir <dir>", "where the cluster lives; an existing one is resumed", "./ipse-dev")
    .option("--oracles <n>", `number of oracles (default: ${oracles})`, integer(3, 16))
    .option("--quorum <q>", `votes and shares needed (default: ${quorum})`, integer(2, 16))
    .option(
      "--port <port>",
      `first of two ports per oracle, 0 for free ones (default: ${port})`,
      integer(0, 65_000),
    )
    .option(
      "--heartbeat-ms <ms>",
      `heartbeat hint in join URIs (default: ${heartbeatMs})`,
      integer(100, 3_600_000),
    )
    .addOption(
      new Option(
        "--token-mode <mode>",
        "threshold: q oracles sign each token; local: each oracle alone, weaker",
      ).choices(TOKEN_MODES),
    )
    .addOption(
      new Option("--token-alg <alg>", "algorithm of mode local (default: EdDSA)").choices(["EdDSA", "ES256"]),
    );
}

function welcome(cluster: DevCluster, line: Record<string, unknown>): string {
  const oracles = line["oracles"] as { id: number; url: string; local_url: string; pid: number }[];
  const { dir } = cluster.layout;
  return [
    `${cluster.resumed ? "Resumed" : "Made"} a cluster of ${oracles.length} oracles in ${dir}`,
    `Issuer ${String(line["issuer"])}, quorum ${cluster.state.quorum}`,
    "",
    table(
      ["ORACLE", "URL", "LOCAL", "PID"],
      oracles.map(({ id, url, local_url, pid }) => [id, url, local_url, pid]),
    ),
    "",
    "Try:",
    `  ipse-oracle workload create spiffe://dev.ipse/demo --allow-raw --dir ${dir}`,
    `  ipse-oracle ticket create spiffe://dev.ipse/demo --dir ${dir}`,
    `  ipse-oracle instance list --dir ${dir}`,
    "Stop with Ctrl-C.",
  ].join("\n");
}

interface StopRequests {
  /** Aborts on a signal, or at the parent's end where it asked for that. */
  readonly asked: AbortSignal;
  letGo(): void;
}

/** From the start, so that a stop while the cluster comes up leaves no oracle behind. */
function stopRequests(): StopRequests {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => stop.abort());
  const parent = parentGone();
  void parent.gone.then(() => stop.abort());
  return { asked: stop.signal, letGo: () => parent.letGo() };
}

/** Waits until it is asked to stop, or for the last oracle to end. */
async function hold(cluster: DevCluster, asked: AbortSignal): Promise<number> {
  const stop = new Promise<number>((resolve) => {
    if (asked.aborted) resolve(EXIT.ok);
    else asked.addEventListener("abort", () => resolve(EXIT.ok));
  });
  let stopping = false;
  const allGone = Promise.all(
    cluster.children.map(async (child) => {
      const how = await child.exited;
      if (!stopping) warn(`oracle ${child.id} ended (${how})`);
    }),
  ).then(() => EXIT.failed);
  const code = await Promise.race([stop, allGone]);
  stopping = true;
  await cluster.stop();
  return code;
}

async function runDev(_args: readonly string[], options: Options): Promise<number> {
  const { json = false, ...wishes } = options;
  const { group, warning } = await loadGroup();
  if (warning !== undefined) warn(warning);
  const { asked, letGo } = stopRequests();
  try {
    const cluster = await startDevCluster(group, { ...wishes, abort: asked });
    const { roster } = readRosterFile(cluster.layout.rosterFile).roster;
    if (roster.byzantineMax === 0)
      warn("b = 0: this cluster survives crash faults only, no dishonest oracle");
    const line = readyLine(cluster, roster.issuer);
    print(json, line, welcome(cluster, line));
    return await hold(cluster, asked);
  } finally {
    letGo();
  }
}

export function devVerb(program: Command): void {
  verb<Options>(program, "dev", "run a whole cluster on loopback, one process per oracle", define, runDev);
}
