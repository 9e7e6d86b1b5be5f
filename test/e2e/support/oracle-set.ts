import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BINS, Cluster, type Daemon, startDaemon, until } from "../../src/processes/index.ts";
import { HEARTBEAT_MS } from "./shared-cluster.ts";

interface Ports {
  readonly public: number;
  readonly local: number;
}

/** Has `ipse-oracle dev` lay out a cluster, and stops it before it is up. */
export async function layOut(dir: string): Promise<readonly Ports[]> {
  const words = ["dev", "--dir", dir, "--port", "0", "--heartbeat-ms", `${HEARTBEAT_MS}`];
  const child = spawn(process.execPath, [BINS["ipse-oracle"], ...words], { stdio: "ignore" });
  const exited = once(child, "exit");
  const file = join(dir, "dev.json");
  await until(() => existsSync(file), { what: "the cluster's directory" });
  child.kill("SIGTERM");
  await exited;
  return (JSON.parse(readFileSync(file, "utf8")) as { ports: Ports[] }).ports;
}

function describeCluster(dir: string, ports: readonly Ports[]): Cluster {
  const oracles = ports.map(({ public: port, local }, index) => ({
    id: index + 1,
    url: `http://127.0.0.1:${port}`,
    local_url: `http://127.0.0.1:${local}`,
    pid: 0,
  }));
  return new Cluster(dir, { issuer: oracles[0]?.url ?? "", roster: join(dir, "roster.json"), oracles });
}

/** The oracles of a dev cluster, each started and stopped on its own, as on machines of their own. */
export class OracleSet {
  readonly cluster: Cluster;
  readonly #daemons = new Map<number, Daemon>();

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async lay(dir: string): Promise<OracleSet> {
    return new OracleSet(describeCluster(dir, await layOut(dir)));
  }

  get ids(): readonly number[] {
    return this.cluster.oracles.map(({ id }) => id);
  }

  configFile(id: number): string {
    return join(this.cluster.dir, `oracle-${id}`, "oracle.yaml");
  }

  editConfig(id: number, edit: (yaml: string) => string): void {
    const file = this.configFile(id);
    writeFileSync(file, edit(readFileSync(file, "utf8")));
  }

  daemon(id: number): Daemon {
    const daemon = this.#daemons.get(id);
    if (daemon === undefined) throw new Error(`oracle ${id} was not started`);
    return daemon;
  }

  async start(id: number): Promise<void> {
    const logFile = join(this.cluster.dir, `oracle-${id}`, "oracle.log");
    const args = ["run", "--config", this.configFile(id)];
    this.#daemons.set(id, await startDaemon("ipse-oracle", args, { logFile }));
  }

  async startAll(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.start(id)));
  }

  /** Waits until these oracles (all by default) say that they are ready. */
  async ready(ids: readonly number[] = this.ids): Promise<void> {
    for (const { id, local_url } of this.cluster.oracles) {
      if (!ids.includes(id)) continue;
      const isReady = async (): Promise<boolean> => {
        const answer = await fetch(`${local_url}/readyz`).catch(() => undefined);
        await answer?.body?.cancel();
        return answer?.ok === true;
      };
      await until(isReady, { what: `oracle ${id} to be ready`, timeoutMs: 90_000 });
    }
  }

  async kill(id: number): Promise<void> {
    await this.daemon(id).kill();
  }

  /** TERM, then a start right away, as a package upgrade does it. */
  async restart(id: number): Promise<void> {
    await this.daemon(id).stop();
    await this.start(id);
  }

  async killAll(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.kill(id)));
  }
}

/** Chance for tests that act at random moments; what they drew is in their assertion messages. */
export const randomMs = (maxMs: number): number => Math.floor(Math.random() * maxMs);
export const pause = (ms: number): Promise<void> => sleep(ms);
