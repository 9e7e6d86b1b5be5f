import { toHex } from "@ipse/protocol";
import type { OracleNode } from "@ipse/protocol/host";
import { rosterHash } from "@ipse/protocol/registry";
import type { Logger } from "pino";
import { formatAddress, type LoadedConfig, loadConfig } from "../config/index.ts";
import { createLogger } from "../log/logger.ts";
import { closeListeners, type Listeners, openListeners } from "./listeners.ts";
import { pinProblem, readTls } from "./material.ts";
import { buildParts, newestOf, type Parts, type Substitutes } from "./parts.ts";

export interface RunningOracle {
  readonly node: OracleNode;
  readonly log: Logger;
  /** Reads the configuration again and applies what can change: log level, OAuth certificate. */
  reload(): void;
  /** Finishes what is under way and lets go of everything. */
  stop(): Promise<void>;
}

/** How long agents' answers under way may take at a stop. */
const DRAIN_MS = 2_000;

/** Tells the registry the endpoints that came with the roster files; it keeps the newest of each. */
function seedEndpoints({ node, material, log }: Parts): void {
  for (const statement of material.endpoints) {
    node.submitStatement(statement, (error) => {
      if (error !== undefined) log.warn({ err: error }, "endpoint.refused");
    });
  }
}

function reload(parts: Parts, listeners: Listeners): void {
  const { log, loaded } = parts;
  try {
    const fresh = loadConfig(loaded.file);
    log.level = fresh.config.log.level;
    const tls = readTls(fresh, fresh.config.oauth?.tls);
    const server = listeners.oauth?.server;
    if (tls !== undefined && server !== undefined && "setSecureContext" in server)
      (server as unknown as { setSecureContext(tls: object): void }).setSecureContext(tls);
    log.info("config.reloaded");
  } catch (error) {
    log.error({ err: error }, "config.reload-refused");
  }
}

async function stop(parts: Parts, listeners: Listeners): Promise<void> {
  const { node, peers, store } = parts;
  listeners.side.stop();
  await listeners.session.drain(DRAIN_MS);
  await new Promise<void>((resolve) => node.stop(resolve));
  peers.stop();
  await closeListeners(listeners);
  await new Promise<void>((resolve) => store.store.whenIdle(resolve));
  await store.close();
}

/** Brings one oracle up from its configuration. Throws ERR_CONFIG, ERR_STORE_*, ERR_LISTEN in one sentence each. */
export async function startOracle(
  loaded: LoadedConfig,
  substitutes: Substitutes = {},
): Promise<RunningOracle> {
  const { config } = loaded;
  const log = createLogger(config.log.level, { oracle: config.oracle });
  const parts = await buildParts(loaded, log, substitutes);
  let listeners: Listeners;
  try {
    listeners = await openListeners(parts);
  } catch (error) {
    await parts.store.close();
    throw error;
  }
  parts.node.start();
  seedEndpoints(parts);
  parts.peers.start(parts.node);
  const unreachable = pinProblem(loaded, parts.node.endpoint(config.oracle));
  if (unreachable !== undefined) log.error({ why: unreachable }, "session.pin-mismatch");
  listeners.side.start();
  log.info(
    {
      session: formatAddress(config.session.listen),
      local: formatAddress(config.local.listen),
      roster: toHex(rosterHash(newestOf(parts.material))),
      fenced: parts.node.fenced,
    },
    "oracle.started",
  );
  return {
    node: parts.node,
    log,
    reload: () => reload(parts, listeners),
    stop: () => stop(parts, listeners),
  };
}
