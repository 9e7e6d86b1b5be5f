import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DevCluster, publicUrl, startDevCluster } from "@ipse/oracle/dev";
import { makeTicket, openCluster, readRosterFile, state } from "@ipse/oracle/operator";
import type { Group } from "@ipse/protocol/group";
import { endpointUrl, OAUTH_PATHS } from "@ipse/protocol/oauth";
import { type Roster, voteKeyOf } from "@ipse/protocol/registry";
import { Agent, enroll, systemPlatform } from "@ipse/workload-agent/agent";
import { EventLog } from "@ipse/workload-agent/api";
import { known } from "../signing/material.ts";
import { addInstances, type BenchClient } from "./clients.ts";
import { API, SCOPE, TOKEN_SECONDS, type TokenServer } from "./presign.ts";

const MAIN = fileURLToPath(new URL("./oracle-main.js", import.meta.url));
export const WORKLOAD = "spiffe://dev.ipse/bench";
const SELDOM_MS = 60 * 60 * 1000;
const TRIES = 100;
const WAIT_MS = 300;

export type TokenMode = "local" | "threshold";

/** Tries again while a fresh cluster is still making keys. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(WAIT_MS);
    }
  }
}

/** A dev cluster of real oracle processes with clients enrolled, one of them through a real agent. */
export class TokenCluster {
  readonly mode: TokenMode;
  readonly #dir: string;
  #cluster: DevCluster | undefined;
  #agent: Agent | undefined;

  constructor(mode: TokenMode) {
    this.mode = mode;
    this.#dir = mkdtempSync(join(tmpdir(), `ipse-bench-tokens-${mode}-`));
  }

  get pids(): number[] {
    return (this.#cluster?.children ?? []).map(({ pid }) => pid);
  }

  get agent(): Agent {
    return known(this.#agent, "an agent");
  }

  get #path(): string {
    return join(this.#dir, "cluster");
  }

  get roster(): Roster {
    return readRosterFile(join(this.#path, "roster.json")).roster.roster;
  }

  get urls(): string[] {
    return known(this.#cluster, "a cluster").state.ports.map(publicUrl);
  }

  /** One oracle that signs alone, or all of them, which sign together. */
  get server(): TokenServer {
    const urls = this.mode === "local" ? this.urls.slice(0, 1) : this.urls;
    const endpoints = urls.map((url) => new URL(endpointUrl(url, OAUTH_PATHS.token)));
    return { issuer: this.roster.issuer, endpoints, clientId: WORKLOAD, ours: true };
  }

  get jwksUri(): string {
    return endpointUrl(this.roster.issuer, OAUTH_PATHS.jwks);
  }

  async start(group: Group, clients: readonly BenchClient[]): Promise<void> {
    const { mode: tokenMode } = this;
    const run = async (): Promise<void> => {
      const program = [MAIN];
      this.#cluster = await startDevCluster(group, { dir: this.#path, port: 0, tokenMode, program });
    };
    await run();
    const platform = await systemPlatform(() => undefined);
    const agentDir = join(this.#dir, "agent");
    await this.#enroll(platform, agentDir);
    await this.#cluster?.stop();
    const stores = this.roster.oracles.map(({ id }) => join(this.#path, `oracle-${id}`, "store"));
    await addInstances(stores, known(voteKeyOf(this.roster, 1), "vote key"), clients);
    await run();
    const onFatal = (error: unknown): never => {
      throw error;
    };
    const eventLog = new EventLog(() => Date.now());
    this.#agent = await Agent.start({ dir: agentDir, platform, eventLog, heartbeatMs: SELDOM_MS, onFatal });
    await patiently(async () =>
      known(this.#agent?.status().status === "active" || undefined, "active agent"),
    );
  }

  async #enroll(platform: Awaited<ReturnType<typeof systemPlatform>>, dir: string): Promise<void> {
    const cluster = await openCluster({ dir: this.#path });
    await state(cluster, {
      kind: "workload",
      spiffeId: WORKLOAD,
      deleted: false,
      resources: [API],
      scopes: [SCOPE],
      ttlSeconds: TOKEN_SECONDS,
      onStale: "quarantine",
      allowRaw: false,
    });
    await patiently(async () => {
      const ticket = { spiffeId: WORKLOAD, ttlSeconds: 600, uses: 1, deployer: undefined };
      await enroll({ platform, dir, joinUri: makeTicket(cluster, ticket, Date.now()).joinUri });
    });
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
    await this.#cluster?.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
