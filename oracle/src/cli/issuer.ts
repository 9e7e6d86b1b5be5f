import type { Command } from "commander";
import { findIssuerKeys, openCluster, state } from "../operator/index.ts";
import {
  enough,
  type OperatorOptions,
  submittedJson,
  submittedText,
  warnFailed,
  withCluster,
} from "./cluster-options.ts";
import { print, table } from "./output.ts";
import { group, verb } from "./verb.ts";

interface RotateOptions extends OperatorOptions {
  readonly immediate?: boolean;
  readonly reason: string;
}

async function rotate(_args: readonly string[], options: RotateOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { immediate = false, reason } = options;
  const submitted = await state(cluster, { kind: "issuerRotation", immediate, reason });
  const text = `a new issuer key is ordered: ${submittedText(cluster, submitted)}`;
  print(options.json ?? false, { immediate, ...submittedJson(submitted) }, text);
  return undefined;
}

async function list(_args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { merged, failed } = await findIssuerKeys(cluster, enough(cluster));
  if (options.json !== true) warnFailed(failed);
  const keys = merged.agreed.map(({ value, saidBy }) => ({ ...value, said_by: saidBy }));
  const rows = keys.map(({ jwk, said_by }) => [jwk.kid ?? "", said_by.join(",")]);
  print(options.json ?? false, { keys, failed }, table(["KID", "PUBLISHED BY"], rows));
  return undefined;
}

export function issuerVerbs(program: Command): void {
  const issuer = group(program, "issuer", "the key under which q oracles together sign tokens");
  const define = (command: Command): Command =>
    withCluster(command)
      .option("--immediate", "the old key is not to be trusted: its tokens end now")
      .option("--reason <text>", "why; kept with the order", "");
  verb<RotateOptions>(
    issuer,
    "rotate",
    "order a new issuer key; all oracles make it together",
    define,
    rotate,
  );
  verb<OperatorOptions>(
    issuer,
    "list",
    "the issuer keys b+1 oracles publish, each proven by the certificate of all",
    withCluster,
    list,
  );
}
