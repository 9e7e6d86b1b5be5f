import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "./daemon.ts";
import { runVerb, type VerbResult, verbJson } from "./run-verb.ts";

export interface OracleInfo {
  readonly id: number;
  readonly url: string;
  readonly local_url: string;
  readonly pid: number;
}

export interface LogEvent {
  readonly oracle: number;
  readonly timeMs: number;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface WorkloadRights {
  readonly resources?: readonly string[];
  readonly scopes?: readonly string[];
  readonly onStale?: "quarantine" | "revoke";
  readonly allowRaw?: boolean;
}

/** Where a cluster is, as `ipse-oracle dev --json` says it. */
export interface Described {
  readonly issuer: string;
  readonly roster: string;
  readonly oracles: readonly OracleInfo[];
}

/** A dev cluster's directory with its operator's commands; by `start` also the process that runs it. */
export class Cluster {
  readonly dir: string;
  readonly issuer: string;
  readonly roster: string;
  readonly oracles: readonly OracleInfo[];
  readonly #daemon: Daemon | undefined;

  constructor(dir: string, { issuer, roster, oracles }: Described, daemon?: Daemon) {
    this.dir = dir;
    this.issuer = issuer;
    this.roster = roster;
    this.oracles = oracles;
    this.#daemon = daemon;
  }

  /** Starts a cluster in a directory, or resumes the one that is there. */
  static async start(dir: string, more: readonly string[] = ["--port", "0"]): Promise<Cluster> {
    const args = ["dev", "--dir", dir, ...more];
    const daemon = await startDaemon("ipse-oracle", args, { logFile: `${dir}.log` });
    return new Cluster(dir, daemon.ready as unknown as Described, daemon);
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error("no `ipse-oracle dev` runs this cluster");
    return this.#daemon;
  }

  verb(words: readonly string[]): Promise<VerbResult> {
    return runVerb("ipse-oracle", [...words, "--dir", this.dir, "--json"]);
  }

  json(words: readonly string[]): Promise<Record<string, unknown>> {
    return verbJson("ipse-oracle", [...words, "--dir", this.dir]);
  }

  async createWorkload(spiffeId: string, rights: WorkloadRights = {}): Promise<void> {
    const { resources = [], scopes = [], onStale = "quarantine", allowRaw = true } = rights;
    const words = ["workload", "create", spiffeId, "--on-stale", onStale];
    if (allowRaw) words.push("--allow-raw");
    for (const url of resources) words.push("--resource", url);
    for (const scope of scopes) words.push("--scope", scope);
    await this.json(words);
  }

  /** The join URI of a new ticket. */
  async joinUri(spiffeId: string): Promise<string> {
    return String((await this.json(["ticket", "create", spiffeId]))["join"]);
  }

  /** What an oracle logged, oldest first. */
  log(oracle: number): LogEvent[] {
    const file = join(this.dir, `oracle-${oracle}`, "oracle.log");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return text.split("\n").flatMap((line) => {
      if (!line.startsWith("{")) return [];
      try {
        const fields = JSON.parse(line) as Record<string, unknown>;
        const timeMs = Date.parse(String(fields["time"]));
        return [{ oracle, timeMs, name: String(fields["msg"]), fields }];
      } catch {
        // The last line may still be in the making.
        return [];
      }
    });
  }

  /** What the oracles logged about one instance under one of these names, oldest first. */
  eventsAbout(instance: string, names: readonly string[]): LogEvent[] {
    return this.oracles
      .flatMap(({ id }) => this.log(id))
      .filter(({ name, fields }) => names.includes(name) && fields["instance"] === instance)
      .sort((a, b) => a.timeMs - b.timeMs);
  }

  stop(): Promise<void> {
    return this.#daemon?.stop() ?? Promise.resolve();
  }
}
