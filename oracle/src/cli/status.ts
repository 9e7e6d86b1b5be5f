import type { Command } from "commander";
import { askLocal, clusterStatus, type OracleStatus } from "../operator/status.ts";
import { type OperatorOptions, withCluster } from "./cluster-options.ts";
import { EXIT, print, table } from "./output.ts";
import { verb } from "./verb.ts";

interface Options extends OperatorOptions {
  readonly config?: string;
}

function rowOf({ id, ready, fenced, reasons }: OracleStatus): (string | number | null)[] {
  const why = Object.entries(reasons).map(([part, reason]) => `${part}: ${reason}`);
  return [id, ready ? "yes" : "no", fenced ? "yes" : "no", why.join("; ")];
}

async function status(_args: readonly string[], options: Options): Promise<number> {
  const { config, json = false } = options;
  if (config !== undefined) {
    const one = await askLocal(config);
    print(json, { ...one }, table(["ORACLE", "READY", "FENCED", "WHY NOT"], [rowOf(one)]));
    return one.ready ? EXIT.ok : EXIT.failed;
  }
  const { oracles, quorum } = await clusterStatus(options);
  const ready = oracles.filter((one) => one.ready).length;
  const text = [
    table(["ORACLE", "READY", "FENCED", "WHY NOT"], oracles.map(rowOf)),
    "",
    ready >= quorum
      ? `${ready} of ${oracles.length} ready, ${quorum} are enough`
      : `only ${ready} ready, ${quorum} are needed`,
  ].join("\n");
  print(json, { ready: ready >= quorum, quorum, oracles }, text);
  return ready >= quorum ? EXIT.ok : EXIT.failed;
}

export function statusVerb(program: Command): void {
  const define = (command: Command): Command =>
    withCluster(command).option(
      "--config <file>",
      "ask the oracle of this configuration on its local listener",
    );
  verb<Options>(
    program,
    "status",
    "whether the oracles are ready, and why not: exit 0 when enough are",
    define,
    status,
  );
}
