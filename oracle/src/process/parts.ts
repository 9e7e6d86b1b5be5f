import { IpseError } from "@ipse/protocol";
import { useHashes } from "@ipse/protocol/encoding";
import { type Group, loadGroup } from "@ipse/protocol/group";
import { createOracle, type IssuerOptions, type OracleNode } from "@ipse/protocol/host";
import type { Roster } from "@ipse/protocol/registry";
import type { Logger } from "pino";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import { isShared } from "../keys/index.ts";
import { createMetrics, type Metrics } from "../local-listener/index.ts";
import { eventSink } from "../log/logger.ts";
import { PeerNetwork } from "../peers/index.ts";
import { nodeEs256 } from "../ports/es256.ts";
import { systemHashes } from "../ports/hashes.ts";
import { systemClock, systemEntropy, systemTimers } from "../ports/system.ts";
import { type LevelStore, openLevelStore } from "../store/index.ts";
import { type Material, readMaterial } from "./material.ts";

/** Waiting for another process to let go of the store: a restart overlaps a little. */
const LOCK_WAIT_MS = 3_000;

export function newestOf(material: Material): Roster {
  const newest = material.rosters.at(-1)?.roster;
  if (newest === undefined) throw new IpseError("ERR_CONFIG", "an oracle needs a roster");
  return newest;
}

/** What a measurement may put in the place of the usual group and store. */
export interface Substitutes {
  readonly group?: Group;
  readonly openStore?: typeof openLevelStore;
}

/** The core of an oracle with everything it stands on; nothing listens yet. */
export interface Parts {
  readonly group: Group;
  readonly loaded: LoadedConfig;
  readonly material: Material;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: LevelStore;
  readonly peers: PeerNetwork;
  readonly node: OracleNode;
}

/** The process ends when a durable write failed: what is in memory may no longer be what is on disk. */
function fatalWith(log: Logger): (error: Error) => void {
  return (error) => {
    log.fatal({ err: error }, "store.failed");
    process.exit(1);
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Threshold issuance, unless the operators chose a key per oracle. */
function issuerOf(tokens: LoadedConfig["config"]["tokens"]): { issuer?: IssuerOptions } {
  if (tokens.mode === "local") return {};
  const times = {
    prepareMs: tokens.issuer_prepare_seconds * 1000,
    maxAgeMs: tokens.issuer_max_age_days * DAY_MS,
  };
  return { issuer: { times, verifyEs256: nodeEs256 } };
}

/** Reads the files, takes the store and builds the core. Throws ERR_CONFIG, ERR_KEY_FILE, ERR_STORE_*. */
export async function buildParts(
  loaded: LoadedConfig,
  log: Logger,
  substitutes: Substitutes = {},
): Promise<Parts> {
  useHashes(systemHashes);
  const { config } = loaded;
  const { openStore = openLevelStore } = substitutes;
  const { group, warning } =
    substitutes.group === undefined ? await loadGroup() : { group: substitutes.group, warning: undefined };
  if (warning !== undefined) log.warn({ warning }, "group.portable");
  const material = readMaterial(group, loaded);
  const keyFile = inConfigDir(loaded, config.vote_key_file);
  if (isShared(keyFile)) log.warn({ file: keyFile }, "key.readable-by-others");
  const fatal = fatalWith(log);
  const store = await openStore({
    dir: inConfigDir(loaded, config.store_dir),
    owner: material.voteKey.publicKey,
    fatal,
    lockWaitMs: LOCK_WAIT_MS,
  });
  const metrics = createMetrics();
  const rosters = material.rosters.map(({ roster }) => roster);
  const { limits, oracle } = config;
  const peers = new PeerNetwork({ oracle, group, entropy: systemEntropy, rosters, limits, log });
  const options = {
    group,
    oracle,
    voteSeed: material.voteKey.seed,
    rosters: material.rosters,
    clock: systemClock,
    entropy: systemEntropy,
    timers: systemTimers,
    store: store.store,
    peers,
    events: eventSink(log, metrics.count),
    poolKeysPerOracle: config.pool_keys,
    ...issuerOf(config.tokens),
  };
  try {
    return { group, loaded, material, log, metrics, store, peers, node: createOracle(options, fatal) };
  } catch (error) {
    await store.close();
    throw error instanceof IpseError ? new IpseError("ERR_CONFIG", error.message, { cause: error }) : error;
  }
}
