import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { askLocal, clusterStatus, type OracleStatus } from "../operator/status.ts";
import { type OperatorOptions, withCluster } from "./cluster-options.ts";
import { EXIT, print, table } from "./output.ts";
import { integer, verb } from "./verb.ts";

interface Options extends OperatorOptions {
  readonly config?: string;
  readonly wait?: number;
}

const POLL_MS = 250;

function rowOf({ id, ready, fenced, reasons }: OracleStatus): (string | number | null)[] {
  const why = Object.entries(reasons).map(([part, reason]) => `${part}: ${reason}`);
  return [id, ready ? "yes" : "no", fenced ? "yes" : "no", why.join("; ")];
}

interface Seen {
  readonly ready: boolean;
  readonly value: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function look(options: Options): Promise<Seen> {
  const { config } = options;
  if (config !== undefined) {
    const one = await askLocal(config);
    const text = table(["ORACLE", "READY", "FENCED", "WHY NOT"], [rowOf(one)]);
    return { ready: one.ready, value: { ...one }, text };
  }
  const { oracles, quorum } = await clusterStatus(options);
  const count = oracles.filter((one) => one.ready).length;
  const ready = count >= quorum;
  const text = [
    table(["ORACLE", "READY", "FENCED", "WHY NOT"], oracles.map(rowOf)),
    "",
    ready
      ? `${count} of ${oracles.length} ready, ${quorum} are enough`
      : `only ${count} ready, ${quorum} are needed`,
  ].join("\n");
  return { ready, value: { ready, quorum, oracles }, text };
}

async function status(_args: readonly string[], options: Options): Promise<number> {
  const { json = false, wait = 0 } = options;
  const until = performance.now() + wait * 1000;
  for (;;) {
    const last = performance.now() >= until;
    // A cluster that is being made has no roster yet, an oracle that starts does not listen.
    const seen = await look(options).catch((error: unknown) => {
      if (last) throw error;
      return undefined;
    });
    if (seen !== undefined && (seen.ready || last)) {
      print(json, seen.value, seen.text);
      return seen.ready ? EXIT.ok : EXIT.failed;
    }
    await sleep(POLL_MS);
  }
}

export function statusVerb(program: Command): void {
  const define = (command: Command): Command =>
    withCluster(command)
      .option("--config <file>", "ask the oracle of this configuration on its local listener")
      .option("--wait <seconds>", "ask again until it is ready, for so long", integer(0, 3600));
  verb<Options>(
    program,
    "status",
    "whether the oracles are ready, and why not: exit 0 when enough are",
    define,
    status,
  );
}
