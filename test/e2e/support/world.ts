import { join } from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import {
  Agent,
  Cluster,
  killDaemons,
  killVerbs,
  makeTempDir,
  removeTempDir,
  stopDaemons,
  type WorkloadRights,
} from "../../src/processes/index.ts";
import { HEARTBEAT_MS } from "./shared-cluster.ts";

/** A directory, what was made in it, and nothing left of either afterwards. */
export class World {
  readonly dir: string;
  #cluster: Cluster | undefined;
  readonly #workloads = new Map<string, string>();
  #agents = 0;

  constructor(dir: string) {
    this.dir = dir;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error("the world has no cluster yet");
    return this.#cluster;
  }

  set cluster(cluster: Cluster) {
    this.#cluster = cluster;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** A join URI for a workload with these rights; agents with the same rights are instances of one workload. */
  async ticket(rights: WorkloadRights = {}): Promise<string> {
    const key = JSON.stringify(rights);
    let spiffeId = this.#workloads.get(key);
    if (spiffeId === undefined) {
      spiffeId = `spiffe://dev.ipse${this.dir}/${this.#workloads.size + 1}`;
      await this.cluster.createWorkload(spiffeId, rights);
      this.#workloads.set(key, spiffeId);
    }
    return this.cluster.joinUri(spiffeId);
  }

  /** An enrolled agent; it does not run yet. */
  async enrolled(rights: WorkloadRights = {}): Promise<Agent> {
    const join = await this.ticket(rights);
    const agent = new Agent(this.path(`agent-${++this.#agents}`));
    await agent.enroll(join);
    return agent;
  }

  /** An enrolled agent that runs. */
  async running(rights: WorkloadRights = {}): Promise<Agent> {
    const agent = await this.enrolled(rights);
    await agent.start();
    return agent;
  }
}

/** A world for one test file; `prepare` brings up what all its tests share. */
export function useWorld(prepare: (world: World) => Promise<void>): World {
  const world = new World(makeTempDir("e2e"));
  const lastResort = () => {
    killDaemons();
    if (process.env["IPSE_TEST_KEEP"] !== "1") removeTempDir(world.dir);
  };
  process.on("exit", lastResort);
  beforeAll(() => prepare(world));
  afterAll(async () => {
    killVerbs();
    await stopDaemons();
    if (process.env["IPSE_TEST_KEEP"] === "1") process.stderr.write(`kept: ${world.dir}\n`);
    else removeTempDir(world.dir);
    process.off("exit", lastResort);
  });
  return world;
}

/** The cluster that test files share; nothing may stop it, and others use it too. */
export async function sharedCluster(world: World): Promise<void> {
  const { dir, ...described } = inject("sharedCluster");
  world.cluster = new Cluster(dir, described);
}

/** A cluster of its own under `ipse-oracle dev`, as users start it. */
export async function ownCluster(world: World, more: readonly string[] = []): Promise<void> {
  const words = ["--port", "0", "--heartbeat-ms", `${HEARTBEAT_MS}`, ...more];
  world.cluster = await Cluster.start(world.path("cluster"), words);
}
