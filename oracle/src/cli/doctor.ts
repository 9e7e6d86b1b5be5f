import type { Command } from "commander";
import { type OperatorOptions, withCluster } from "./cluster-options.ts";
import { EXIT, print, table } from "./output.ts";
import { verb } from "./verb.ts";

interface Options extends OperatorOptions {
  readonly config?: string;
}

async function doctor(_args: readonly string[], options: Options): Promise<number> {
  const { diagnose } = await import("../operator/doctor.ts");
  const findings = await diagnose(options);
  const sound = findings.every(({ level }) => level !== "problem");
  const rows = findings.map(({ check, level, detail }) => [check, level, detail]);
  print(options.json ?? false, { ok: sound, findings }, table(["CHECK", "", "DETAIL"], rows));
  return sound ? EXIT.ok : EXIT.failed;
}

export function doctorVerb(program: Command): void {
  const define = (command: Command): Command =>
    withCluster(command).option("--config <file>", "check this configuration too");
  verb<Options>(
    program,
    "doctor",
    "look at this machine, a configuration and a cluster: exit 0 when nothing is wrong",
    define,
    doctor,
  );
}
