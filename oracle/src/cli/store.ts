import { resolve } from "node:path";
import { IpseError } from "@ipse/protocol";
import type { Command } from "commander";
import { print } from "./output.ts";
import { type CommonOptions, group, verb } from "./verb.ts";

interface Options extends CommonOptions {
  readonly config: string;
  readonly store?: string;
}

const define = (command: Command): Command =>
  command
    .option("--config <file>", "the oracle's configuration", "oracle.yaml")
    .option("--store <dir>", "the store itself, instead of a configuration");

async function storeDir(options: Options): Promise<string> {
  if (options.store !== undefined) return resolve(options.store);
  const { inConfigDir, loadConfig } = await import("../config/index.ts");
  const loaded = loadConfig(options.config);
  return inConfigDir(loaded, loaded.config.store_dir);
}

async function check(_args: readonly string[], options: Options): Promise<undefined> {
  const dir = await storeDir(options);
  const { inspectStore, STORE_VERSION } = await import("../store/index.ts");
  const found = await inspectStore(dir);
  if (found.version !== undefined && found.version > STORE_VERSION)
    throw new IpseError(
      "ERR_STORE_VERSION",
      `the store ${dir} has version ${found.version}, newer than this program's ${STORE_VERSION}`,
    );
  const value = {
    store: dir,
    version: found.version ?? null,
    current: found.version === STORE_VERSION,
    keys: found.keys,
    bytes: found.bytes,
  };
  const state =
    found.version === undefined
      ? "empty"
      : found.version === STORE_VERSION
        ? "current"
        : "needs `store migrate`";
  print(
    options.json ?? false,
    value,
    `${dir}: version ${found.version ?? "-"} (${state}), ${found.keys} keys, ${found.bytes} bytes, all readable`,
  );
  return undefined;
}

async function migrate(_args: readonly string[], options: Options): Promise<undefined> {
  const dir = await storeDir(options);
  const { migrateStore, STORE_VERSION } = await import("../store/index.ts");
  const from = await migrateStore(dir);
  const value = { store: dir, from, version: STORE_VERSION, changed: from !== STORE_VERSION };
  print(
    options.json ?? false,
    value,
    from === STORE_VERSION ? `${dir} has version ${from} already` : `${dir}: ${from} -> ${STORE_VERSION}`,
  );
  return undefined;
}

export function storeVerbs(program: Command): void {
  const store = group(program, "store", "look after an oracle's store; the oracle must be stopped");
  verb<Options>(store, "check", "read everything and say whether it is sound", define, check);
  verb<Options>(store, "migrate", "bring an older store to this program's version", define, migrate);
}
