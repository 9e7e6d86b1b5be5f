import type { Command } from "commander";
import { type CommonOptions, verb } from "./verb.ts";

interface Options extends CommonOptions {
  readonly config: string;
}

export function runVerb(program: Command): void {
  verb<Options>(
    program,
    "run",
    "run one oracle until TERM or INT; HUP reloads log level and OAuth certificate",
    (command) => command.option("--config <file>", "its configuration", "oracle.yaml"),
    async (_args, { config, json }) => {
      const [{ loadConfig }, { tuneEngine, startOracle, untilSignal, PARENT_VARIABLE }] = await Promise.all([
        import("../config/index.ts"),
        import("../process/index.ts"),
      ]);
      tuneEngine();
      const oracle = await startOracle(loadConfig(config));
      if (json === true)
        process.stdout.write(`${JSON.stringify({ event: "started", oracle: oracle.node.oracle })}\n`);
      const exitWithParent = process.env[PARENT_VARIABLE] === "1";
      delete process.env[PARENT_VARIABLE];
      return untilSignal(oracle, exitWithParent);
    },
  );
}
