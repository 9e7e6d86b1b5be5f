import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
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

export const HEARTBEAT_MS = 1000;

/** A directory, what was made in it, and nothing left of either afterwards. */
export class World {
  readonly dir: string;
  #cluster: Cluster | undefined;
  #names = 0;

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

  /** A workload of its own, and a join URI for it. */
  async ticket(rights: WorkloadRights = {}): Promise<string> {
    const spiffeId = `spiffe://dev.ipse/workload-${++this.#names}`;
    await this.cluster.createWorkload(spiffeId, rights);
    return this.cluster.joinUri(spiffeId);
  }

  /** An enrolled agent of a workload of its own; it does not run yet. */
  async enrolled(rights: WorkloadRights = {}): Promise<Agent> {
    const join = await this.ticket(rights);
    const agent = new Agent(this.path(`agent-${this.#names}`));
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

/** A cluster under `ipse-oracle dev`, as users start it. */
export async function devCluster(world: World): Promise<void> {
  const words = ["--port", "0", "--heartbeat-ms", `${HEARTBEAT_MS}`];
  world.cluster = await Cluster.start(world.path("cluster"), words);
}
