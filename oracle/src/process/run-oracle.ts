import { IpseError, toHex } from "@ipse/protocol";
import { loadGroup } from "@ipse/protocol/group";
import { createOracle, type OracleNode } from "@ipse/protocol/host";
import { type Roster, rosterHash } from "@ipse/protocol/registry";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { formatAddress, inConfigDir, type LoadedConfig, loadConfig } from "../config/index.ts";
import { createHttp, listen } from "../http/create-http.ts";
import { isShared } from "../keys/index.ts";
import { createLocalListener, createMetrics, type Metrics } from "../local-listener/index.ts";
import { createLogger, eventSink } from "../log/logger.ts";
import { createOAuthSide, type OAuthSide } from "../oauth-listener/index.ts";
import { PeerNetwork } from "../peers/index.ts";
import { systemClock, systemEntropy, systemTimers } from "../ports/system.ts";
import { createSessionListener, type SessionListener } from "../session-listener/index.ts";
import { type LevelStore, openLevelStore } from "../store/index.ts";
import { type Material, readMaterial, readTls } from "./material.ts";

export interface RunningOracle {
  readonly node: OracleNode;
  readonly log: Logger;
  /** Reads the configuration again and applies what can change: log level, OAuth certificate. */
  reload(): void;
  /** Finishes what is under way and lets go of everything. */
  stop(): Promise<void>;
}

/** Waiting for another process to let go of the store: a restart overlaps a little. */
const LOCK_WAIT_MS = 3_000;
/** How long agents' answers under way may take at a stop. */
const DRAIN_MS = 2_000;

function newestOf(material: Material): Roster {
  const newest = material.rosters.at(-1)?.roster;
  if (newest === undefined) throw new IpseError("ERR_CONFIG", "an oracle needs a roster");
  return newest;
}

interface Parts {
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

async function buildParts(loaded: LoadedConfig, log: Logger): Promise<Parts> {
  const { config } = loaded;
  const { group, warning } = await loadGroup();
  if (warning !== undefined) log.warn({ warning }, "group.portable");
  const material = readMaterial(group, loaded);
  const keyFile = inConfigDir(loaded, config.vote_key_file);
  if (isShared(keyFile)) log.warn({ file: keyFile }, "key.readable-by-others");
  const fatal = fatalWith(log);
  const store = await openLevelStore({
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
  };
  try {
    return { loaded, material, log, metrics, store, peers, node: createOracle(options, fatal) };
  } catch (error) {
    await store.close();
    throw error instanceof IpseError ? new IpseError("ERR_CONFIG", error.message, { cause: error }) : error;
  }
}

interface Listeners {
  readonly side: OAuthSide;
  readonly session: SessionListener;
  readonly oauth: FastifyInstance | undefined;
  readonly local: FastifyInstance;
}

async function openListeners(parts: Parts): Promise<Listeners> {
  const { loaded, material, log, metrics, store, peers, node } = parts;
  const { config } = loaded;
  const { limits } = config;
  const voteSeed = material.voteKey.seed;
  const { group } = await loadGroup();
  const session = createSessionListener({
    node,
    group,
    clock: systemClock,
    rosters: material.rosters,
    voteSeed,
    tls: material.sessionTls,
    limits,
    log,
    acceptPeer: (socket) => peers.accept(socket),
  });
  const oauth = config.oauth === undefined ? undefined : createHttp({ tls: material.oauthTls, limits });
  const roster = newestOf(material);
  const side = await createOAuthSide({ node, group, clock: systemClock, roster, voteSeed, log, loaded });
  side.mountKeyRoute(session.app);
  side.mount(oauth ?? session.app);
  const gauges = () => ({ session_connections: session.connections, store_keys: store.store.size });
  const local = createLocalListener({ node, clock: systemClock, limits, metrics, gauges });
  const bind = (app: FastifyInstance, what: string, { host, port }: { host: string; port: number }) =>
    listen(app, what, host, port);
  await bind(session.app, "session", config.session.listen);
  if (oauth !== undefined && config.oauth !== undefined) await bind(oauth, "oauth", config.oauth.listen);
  await bind(local, "local", config.local.listen);
  return { side, session, oauth, local };
}

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
  await Promise.all([listeners.session.app.close(), listeners.oauth?.close(), listeners.local.close()]);
  await new Promise<void>((resolve) => store.store.whenIdle(resolve));
  await store.close();
}

/** Brings one oracle up from its configuration. Throws ERR_CONFIG, ERR_STORE_*, ERR_LISTEN in one sentence each. */
export async function startOracle(loaded: LoadedConfig): Promise<RunningOracle> {
  const { config } = loaded;
  const log = createLogger(config.log.level, { oracle: config.oracle });
  const parts = await buildParts(loaded, log);
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
