import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import { openDatabase } from "../store/index.ts";
import { type Child, lastWords, startChild } from "./children.ts";
import { byzantineMaxOf, createDevDir, moveDevDir } from "./create.ts";
import { type DevLayout, type DevState, devLayout, localUrl, publicUrl, readDevState } from "./layout.ts";
import { claimPorts, toOraclePorts, wishesFrom } from "./ports.ts";

export interface DevOptions {
  readonly dir: string;
  /** undefined: what the directory has, or the defaults. */
  readonly oracles?: number | undefined;
  readonly quorum?: number | undefined;
  readonly port?: number | undefined;
  readonly heartbeatMs?: number | undefined;
  readonly tokenMode?: DevState["token_mode"] | undefined;
  readonly tokenAlg?: DevState["token_alg"] | undefined;
  readonly readyMs?: number;
  /** What runs an oracle; a measurement puts another one here. */
  readonly program?: readonly string[];
  /** Gives up the start; what was started is stopped. */
  readonly abort?: AbortSignal;
}

export interface DevCluster {
  readonly layout: DevLayout;
  readonly state: DevState;
  readonly resumed: boolean;
  readonly children: readonly Child[];
  stop(): Promise<void>;
}

export const DEV_DEFAULTS = { oracles: 4, quorum: 3, port: 7400, heartbeatMs: 10_000 } as const;
const READY_MS = 60_000;
const POLL_MS = 50;

function refuse(message: string): never {
  throw new IpseError("ERR_USAGE", message);
}

async function newState(options: DevOptions): Promise<DevState> {
  const { oracles = DEV_DEFAULTS.oracles, quorum = DEV_DEFAULTS.quorum } = options;
  if (oracles < 3 || byzantineMaxOf(oracles, quorum) < 0 || quorum < 2)
    refuse(`${oracles} oracles with a quorum of ${quorum}: 2q - n > b and q <= n - b allow no b >= 0`);
  const ports = await claimPorts(wishesFrom(options.port ?? DEV_DEFAULTS.port, oracles), false);
  return {
    version: 1,
    quorum,
    heartbeat_ms: options.heartbeatMs ?? DEV_DEFAULTS.heartbeatMs,
    token_mode: options.tokenMode ?? "threshold",
    token_alg: options.tokenAlg ?? "EdDSA",
    ports: toOraclePorts(ports),
  };
}

/** The ports of an existing cluster: the ones it had unless they are taken or others are asked for. */
async function resumedState(options: DevOptions, old: DevState): Promise<DevState> {
  const { oracles, quorum, port, heartbeatMs, tokenMode, tokenAlg } = options;
  if ((oracles ?? old.ports.length) !== old.ports.length || (quorum ?? old.quorum) !== old.quorum)
    refuse(
      `${options.dir} holds ${old.ports.length} oracles with a quorum of ${old.quorum}; they cannot be changed`,
    );
  const kept = old.ports.flatMap((one) => [one.public, one.local]);
  const move = port !== undefined && port !== 0 && port !== kept[0];
  const ports = await claimPorts(move ? wishesFrom(port, old.ports.length) : kept, !move);
  return {
    ...old,
    heartbeat_ms: heartbeatMs ?? old.heartbeat_ms,
    token_mode: tokenMode ?? old.token_mode,
    token_alg: tokenAlg ?? old.token_alg,
    ports: toOraclePorts(ports),
  };
}

async function prepare(group: Group, layout: DevLayout, options: DevOptions): Promise<[DevState, boolean]> {
  if (!existsSync(layout.stateFile)) {
    const state = await newState(options);
    createDevDir(group, layout, state, Date.now());
    return [state, false];
  }
  const old = readDevState(layout);
  const state = await resumedState(options, old);
  if (JSON.stringify(state) !== JSON.stringify(old)) moveDevDir(group, layout, state, Date.now());
  return [state, true];
}

/** Asks an oracle whether it is ready; undefined when it is, else the reasons. */
async function notReady(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    if (answer.ok) return undefined;
    const { reasons } = (await answer.json()) as { reasons?: Record<string, string> };
    return Object.entries(reasons ?? {})
      .map(([part, reason]) => `${part}: ${reason}`)
      .join("; ");
  } catch {
    return "does not answer";
  }
}

async function untilReady(
  layout: DevLayout,
  state: DevState,
  children: readonly Child[],
  { readyMs = READY_MS, abort }: DevOptions,
): Promise<void> {
  const until = performance.now() + readyMs;
  for (const child of children) {
    const ports = state.ports[child.id - 1];
    if (ports === undefined) continue;
    for (;;) {
      if (abort?.aborted === true) throw new IpseError("ERR_DEV_STOPPED", "stopped before it was ready");
      const dead = children.find((one) => !one.isRunning());
      if (dead !== undefined)
        throw new IpseError("ERR_DEV_ORACLE", `oracle ${dead.id} ended: ${lastWords(layout, dead.id)}`);
      const reasons = await notReady(localUrl(ports));
      if (reasons === undefined) break;
      if (performance.now() > until)
        throw new IpseError(
          "ERR_DEV_NOT_READY",
          `oracle ${child.id} is not ready after ${readyMs} ms: ${reasons}`,
        );
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }
}

/** Starts (or resumes) a cluster of real processes on loopback and waits until all of it is ready. */
export async function startDevCluster(group: Group, options: DevOptions): Promise<DevCluster> {
  const layout = devLayout(resolve(options.dir));
  mkdirSync(layout.dir, { recursive: true, mode: 0o700 });
  // Held as long as this process lives; it does not travel with a copy of the directory.
  const lock = await openDatabase(layout.lockDir);
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    await lock.close();
  };
  try {
    const [state, resumed] = await prepare(group, layout, options);
    for (const id of state.ports.keys()) children.push(startChild(layout, id + 1, options.program));
    await untilReady(layout, state, children, options);
    return { layout, state, resumed, children, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The line that `dev --json` prints when everything is ready. */
export function readyLine({ layout, state, children }: DevCluster, issuer: string): Record<string, unknown> {
  return {
    event: "ready",
    dir: layout.dir,
    roster: layout.rosterFile,
    issuer,
    oracles: state.ports.map((ports, index) => ({
      id: index + 1,
      url: publicUrl(ports),
      local_url: localUrl(ports),
      pid: children[index]?.pid ?? 0,
    })),
  };
}
