import { setTimeout as pause } from "node:timers/promises";
import { errorCode } from "@ipse/protocol";
import type { Command } from "commander";
import { openCluster, type Published, publishJwks } from "../operator/index.ts";
import { type OperatorOptions, withCluster } from "./cluster-options.ts";
import { print, warn } from "./output.ts";
import { group, integer, verb } from "./verb.ts";

interface PublishOptions extends OperatorOptions {
  readonly out: string;
  readonly once?: boolean;
  readonly interval: number;
}

function textOf(out: string, { workloads, keys, disputed, issuer }: Published): string {
  const doubt = disputed === 0 ? "" : `; ${disputed} disputed and left out`;
  const own = issuer ? ", and the issuer's" : "";
  return `${out}: ${keys} keys of ${workloads} workloads${own}${doubt}`;
}

/** Rounds until a signal; one that fails leaves the copies as they are and is told of. */
async function publish(_args: readonly string[], options: PublishOptions): Promise<undefined> {
  const { out, once = false, interval, json = false } = options;
  const cluster = await openCluster(options);
  if (once) {
    const published = await publishJwks(cluster, out);
    print(json, { out, ...published }, textOf(out, published));
    return undefined;
  }
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopped.abort());
  while (!stopped.signal.aborted) {
    try {
      const published = await publishJwks(cluster, out);
      print(json, { out, ...published }, textOf(out, published));
    } catch (error) {
      warn(`${errorCode(error)}: ${error instanceof Error ? error.message : "failed"}; the copies stay`);
    }
    await pause(interval * 1000, undefined, { signal: stopped.signal }).catch(() => undefined);
  }
  return undefined;
}

export function jwksVerbs(program: Command): void {
  const jwks = group(program, "jwks", "key sets for servers that cannot ask several oracles");
  const define = (command: Command): Command =>
    withCluster(command)
      .requiredOption("--out <dir>", "where the copies go; a web server offers it")
      .option("--once", "one round, then end")
      .option("--interval <seconds>", "between rounds", integer(1, 86_400), 60);
  verb<PublishOptions>(jwks, "publish", "keep copies of what b+1 oracles agree on", define, publish);
}
