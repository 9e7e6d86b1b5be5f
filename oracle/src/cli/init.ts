import { resolve } from "node:path";
import { ORACLES_MAX } from "@ipse/protocol";
import { loadGroup } from "@ipse/protocol/group";
import type { Command } from "commander";
import { print } from "./output.ts";
import { type CommonOptions, integer, verb } from "./verb.ts";

interface Options extends CommonOptions {
  readonly dir: string;
  readonly oracle: number;
  readonly sessionUrl: string;
  readonly oauthUrl: string;
  readonly listen: string;
  readonly oauthListen: string;
  readonly localListen: string;
}

const define = (command: Command): Command =>
  command
    .requiredOption("--oracle <id>", "its number in the roster, 1..n", integer(1, ORACLES_MAX))
    .requiredOption(
      "--session-url <url>",
      "how agents and oracles reach it, e.g. https://o1.example.org:7400",
    )
    .requiredOption("--oauth-url <url>", "how OAuth clients reach it, e.g. https://o1.example.org")
    .option("--dir <dir>", "the directory to make", ".")
    .option("--listen <host:port>", "session listener", "0.0.0.0:7400")
    .option("--oauth-listen <host:port>", "OAuth listener", "0.0.0.0:8443")
    .option("--local-listen <host:port>", "local listener, loopback alone", "127.0.0.1:7402");

export function initVerb(program: Command): void {
  verb<Options>(
    program,
    "init",
    "make one oracle's directory and print its public half for the roster",
    define,
    async (_args, options) => {
      const { initOracle, publicHalfJson } = await import("../setup/index.ts");
      const dir = resolve(options.dir);
      const { group } = await loadGroup();
      const half = publicHalfJson(await initOracle(group, { ...options, dir }));
      const text = [
        JSON.stringify(half, null, 2),
        "",
        `Made ${dir}. The lines above are also in ${dir}/public.json: give them to the operators, who make the roster.`,
        `Then put roster.json, oauth.crt and oauth.key there and start: ipse-oracle run --config ${dir}/oracle.yaml`,
      ].join("\n");
      print(options.json ?? false, { ...half, dir }, text);
      return undefined;
    },
  );
}
