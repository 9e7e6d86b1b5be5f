import { statSync } from "node:fs";
import { join } from "node:path";
import { IpseError, zeroize } from "@ipse/protocol";
import { sentenceOf } from "../outcome.ts";
import {
  type DirectoryLock,
  type DirectoryState,
  decodeCluster,
  directoryState,
  lockDirectory,
  readStateFile,
  STATE_NAME,
} from "../state/index.ts";
import type { AgentOptions } from "./agent.ts";
import { InstanceSession } from "./session.ts";

/** How often an agent whose instance is over looks for a new enrollment. */
const LOOK_MS = 1000;

interface Held {
  readonly lock: DirectoryLock;
  readonly stateFile: DirectoryState;
}

/** What tells one state file from the next without reading it. */
function fingerprint(dir: string): string {
  const stat = statSync(join(dir, STATE_NAME), { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.dev}:${stat.ino}:${stat.mtimeMs}:${stat.size}`;
}

/**
 * Holds a directory and runs the instance in it. When the instance is over (revoked, stale, ended) nothing will
 * ever be written for it again: the lock is let go, the old answers stay, and a new enrollment in the same
 * directory is picked up by itself.
 */
export class Occupancy {
  readonly #options: AgentOptions;
  #held: Held | undefined;
  #session: InstanceSession | undefined;
  #cancelLook: () => void = () => {};
  #seen = "";
  #released = false;
  /** The instance ended, or another one took its place. */
  onChange: () => void = () => {};

  private constructor(options: AgentOptions) {
    this.#options = options;
  }

  static async take(options: AgentOptions): Promise<Occupancy> {
    const occupancy = new Occupancy(options);
    await occupancy.#occupy();
    return occupancy;
  }

  get session(): InstanceSession {
    if (this.#session === undefined) throw new IpseError("ERR_NOT_ENROLLED", sentenceOf("ERR_NOT_ENROLLED"));
    return this.#session;
  }

  async release(): Promise<void> {
    this.#released = true;
    this.#cancelLook();
    this.#session?.stop();
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.stateFile.idle();
    held?.lock.release();
  }

  async #occupy(): Promise<void> {
    const { dir, platform, heartbeatMs, settings, onFatal } = this.#options;
    const lock = await lockDirectory(dir);
    try {
      const parts = readStateFile(dir);
      if (parts === undefined)
        throw new IpseError(
          "ERR_NOT_ENROLLED",
          `there is no instance in ${dir}; run ipse-agent enroll first`,
        );
      zeroize(parts.state);
      const stateFile = directoryState(dir, parts.cluster);
      const session = new InstanceSession({
        platform,
        dir,
        cluster: decodeCluster(parts.cluster),
        stateFile,
        heartbeatMs,
        settings,
        onStatus: (mode, code) => {
          const detail = code === undefined ? undefined : sentenceOf(code);
          const bad = code !== undefined && code !== "ERR_INSTANCE_ENDED";
          const level = bad ? "error" : "info";
          platform.events({ level, event: "status", mode, code, detail });
          if (mode === "dead") setImmediate(() => void this.#onDead(session));
        },
        onFatal,
      });
      this.#session?.stop();
      this.#session = session;
      this.#held = { lock, stateFile };
      this.onChange();
      session.start();
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async #onDead(session: InstanceSession): Promise<void> {
    if (this.#released || this.#session !== session) return;
    // A stale instance goes on telling the oracles; all others have nothing more to say.
    if (session.view.code !== "ERR_INSTANCE_STALE") session.disconnect();
    this.onChange();
    await this.#letGo();
    this.#seen = fingerprint(this.#options.dir);
    this.#look();
  }

  #look(): void {
    const { platform, dir } = this.#options;
    this.#cancelLook = platform.timers.after(LOOK_MS, () => {
      const now = fingerprint(dir);
      if (now === this.#seen || now === "") this.#look();
      else void this.#pickUp(now);
    });
  }

  /** The state file changed under a dead instance: the new one's, once the enrollment lets go of the directory. */
  async #pickUp(now: string): Promise<void> {
    const { platform } = this.#options;
    try {
      await this.#occupy();
      platform.events({ level: "info", event: "instance.replaced" });
    } catch (error) {
      const running = error instanceof IpseError && error.code === "ERR_AGENT_RUNNING";
      if (!running) {
        this.#seen = now;
        platform.events({ level: "error", event: "instance.unusable", why: String(error) });
      }
      this.#look();
    }
  }
}
