import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DevCluster, startDevCluster } from "@ipse/oracle/dev";
import { makeTicket, openCluster, state } from "@ipse/oracle/operator";
import type { Group } from "@ipse/protocol/group";
import { Agent, enroll, type Platform, systemPlatform } from "@ipse/workload-agent/agent";
import { EventLog } from "@ipse/workload-agent/api";

const MAIN = fileURLToPath(new URL("./oracle-main.js", import.meta.url));
/** Makes an oracle sign with noble's FROST. */
const NOBLE = new URL("./noble-install.js", import.meta.url).href;
const WORKLOAD = "spiffe://dev.ipse/bench";
/**
 * No agent asks twice here. By default a STEP is sent again after half a second and a signing attempt is given up
 * after one and a half: with 64 agents on a few cores that is sooner than any oracle, ours included, gets to it, and
 * what it then does twice would be counted as the cost of a step.
 */
const PATIENT = { requestTimeoutMs: 120_000, retryMsMin: 40_000, retryMsMax: 40_000, signTimeoutMs: 40_000 };
const ENROLL_AT_ONCE = 4;
const CONNECT_MS = 60_000;

export interface Variant {
  readonly name: string;
  /** Of the oracles; with `noble` their FROST is noble's too. */
  readonly group: "default" | "noble";
  readonly store: "level" | "memory";
}

export interface StartOptions {
  /** May change the stopped oracles' stores before they start again. */
  readonly offline?: () => Promise<void>;
  /** Default: the dev cluster's hint. */
  readonly heartbeatMs?: number;
}

/** A dev cluster of real oracle processes, and agents (of this process) enrolled in it. */
export class BenchCluster {
  readonly variant: Variant;
  readonly dir: string;
  readonly agents: Agent[] = [];
  /** How often an oracle refused an agent something, a COMMIT whose nonces have expired for one. */
  refused = 0;
  #cluster: DevCluster | undefined;

  constructor(variant: Variant) {
    this.variant = variant;
    this.dir = mkdtempSync(join(tmpdir(), `ipse-bench-${variant.name}-`));
  }

  get pids(): number[] {
    return (this.#cluster?.children ?? []).map(({ pid }) => pid);
  }

  async #run(group: Group, { group: backend, store }: Variant): Promise<void> {
    this.#cluster = await startDevCluster(group, {
      dir: join(this.dir, "cluster"),
      oracles: undefined,
      quorum: undefined,
      port: 0,
      heartbeatMs: undefined,
      program: [
        ...(backend === "noble" ? ["--import", NOBLE] : []),
        MAIN,
        "--group",
        backend,
        "--store",
        store,
      ],
    });
  }

  /**
   * Starts the oracles and enrolls agents. Enrollment always runs on the default backend: it is not what is
   * measured.
   */
  async start(group: Group, agents: number, more: StartOptions = {}): Promise<void> {
    const { offline, heartbeatMs } = more;
    const platform = await systemPlatform(({ event }) => {
      if (event === "oracle.refused") this.refused += 1;
    });
    await this.#run(group, { ...this.variant, group: "default" });
    await this.#enroll(platform, agents);
    if (this.variant.group !== "default" || offline !== undefined) {
      await this.stopOracles();
      await offline?.();
      await this.restart(group);
    }
    await this.#startAgents(platform, agents, heartbeatMs);
  }

  async stopOracles(): Promise<void> {
    await this.#cluster?.stop();
    this.#cluster = undefined;
  }

  async restart(group: Group): Promise<void> {
    await this.#run(group, this.variant);
  }

  storeDir(oracle: number): string {
    return join(this.dir, "cluster", `oracle-${oracle}`, "store");
  }

  async #startAgents(platform: Platform, agents: number, heartbeatMs?: number): Promise<void> {
    const eventLog = new EventLog(() => Date.now());
    for (let i = 0; i < agents; i++) {
      const dir = this.#agentDir(i);
      const onFatal = (error: unknown): never => {
        throw error;
      };
      this.agents.push(
        await Agent.start({ dir, platform, eventLog, heartbeatMs, settings: PATIENT, onFatal }),
      );
    }
    const until = performance.now() + CONNECT_MS;
    while (!this.agents.every((agent) => agent.status().status === "active")) {
      if (performance.now() > until) throw new Error(`the agents of ${this.variant.name} do not come up`);
      await sleep(50);
    }
  }

  #agentDir(i: number): string {
    return join(this.dir, `agent-${i}`);
  }

  async #enroll(platform: Platform, agents: number): Promise<void> {
    const cluster = await openCluster({ dir: join(this.dir, "cluster") });
    await state(cluster, {
      kind: "workload",
      spiffeId: WORKLOAD,
      deleted: false,
      resources: ["https://api.dev.ipse/"],
      scopes: ["read"],
      ttlSeconds: 300,
      onStale: "quarantine",
      allowRaw: true,
    });
    await sleep(1500);
    for (let i = 0; i < agents; i += ENROLL_AT_ONCE) {
      const some = Array.from({ length: Math.min(ENROLL_AT_ONCE, agents - i) }, (_, j) => i + j);
      await Promise.all(some.map((at) => this.#enrollOne(platform, cluster, at)));
    }
  }

  /** The pool refills in the background; an enrollment that finds it empty is tried again. */
  async #enrollOne(
    platform: Platform,
    cluster: Awaited<ReturnType<typeof openCluster>>,
    at: number,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      const options = { spiffeId: WORKLOAD, ttlSeconds: 600, uses: 1, deployer: undefined };
      const { joinUri } = makeTicket(cluster, options, Date.now());
      try {
        await enroll({ platform, dir: this.#agentDir(at), joinUri });
        return;
      } catch (error) {
        if (tries === 10) throw error;
        await sleep(1000);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await this.#cluster?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
