import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { check, IpseError } from "@ipse/protocol";
import { fitsSocketPath, probeSocket } from "../platform/unix-socket.ts";
import { storageError } from "./system-errors.ts";

/**
 * One writer per agent directory. node:fs has no flock, and a pid file travels with a copied directory; a
 * listening unix socket does neither: the kernel closes it with its process, and in a copy it is a dead file.
 * An abstract socket named by the directory's inode would do as well, but two containers with their own network
 * namespaces on one volume would not see each other's.
 *
 * Each contender listens on a name of its own that no other ever uses, `lock-<random>.sock`, and looks at the
 * other names only after that. Of two contenders the one that announced itself last sees the first, so never
 * do both go on; and because names are not reused, removing a dead one can never hit a live one. (With one
 * common name, two starters that both find it dead can each remove the other's fresh socket.)
 */
export interface DirectoryLock {
  release(): void;
}

const NAME = /^lock-[0-9a-f]{16}\.sock$/;
const ATTEMPTS_MAX = 5;

/** A short way to a file in the directory: /proc/self/fd/N is exempt from the path's length. */
class ShortPath {
  readonly #dir: string;
  readonly #fd: number | undefined;

  constructor(dir: string) {
    this.#dir = dir;
    const long = !fitsSocketPath(join(dir, "lock-0123456789abcdef.sock"));
    this.#fd = long && process.platform === "linux" ? openSync(dir, "r") : undefined;
    check(
      !long || this.#fd !== undefined,
      "ERR_STATE_DIRECTORY",
      `${dir} is too long a path for a unix socket`,
    );
  }

  of(name: string): string {
    return this.#fd === undefined ? join(this.#dir, name) : `/proc/self/fd/${this.#fd}/${name}`;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(path, () => resolve(server));
    server.unref();
  });
}

/** Takes the lock or reports that another contender is alive. */
async function attempt(dir: string, short: ShortPath): Promise<DirectoryLock | undefined> {
  const id = randomBytes(8).toString("hex");
  const own = `lock-${id}.sock`;
  const server = await listen(short.of(`.${id}.sock`));
  // Only a listening socket gets the name that others look for: between bind and listen it would look dead.
  renameSync(join(dir, `.${id}.sock`), join(dir, own));
  const release = (): void => {
    rmSync(join(dir, own), { force: true });
    server.close();
    short.close();
  };
  for (const name of readdirSync(dir)) {
    if (name === own || !NAME.test(name)) continue;
    const state = await probeSocket(short.of(name));
    if (state === "dead") rmSync(join(dir, name), { force: true });
    if (state !== "live") continue;
    rmSync(join(dir, own), { force: true });
    server.close();
    return undefined;
  }
  return { release };
}

/**
 * Locks an agent directory for this process. Two that start at one moment may both step back; they try again
 * after a random while. Throws ERR_AGENT_RUNNING.
 */
export async function lockDirectory(dir: string): Promise<DirectoryLock> {
  let short: ShortPath | undefined;
  try {
    short = new ShortPath(dir);
    for (let tries = 0; tries < ATTEMPTS_MAX; tries++) {
      const lock = await attempt(dir, short);
      if (lock !== undefined) return lock;
      await sleep(20 + (randomBytes(1)[0] ?? 0));
    }
  } catch (error) {
    short?.close();
    throw storageError(error, "the lock of", dir);
  }
  short.close();
  throw new IpseError("ERR_AGENT_RUNNING", `already running: another agent uses ${dir}`);
}
