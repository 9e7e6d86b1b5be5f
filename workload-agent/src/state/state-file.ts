import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { check, zeroize } from "@ipse/protocol";
import type { StateFile } from "@ipse/protocol/host";
import { STATE_BYTES_MAX, type StateParts, unwrapState, wrapState } from "./envelope.ts";
import { errnoOf, storageError } from "./system-errors.ts";

/** Name of the state file in an agent's directory. */
export const STATE_NAME = "state";
const WHAT = "the state file";

interface Save {
  readonly file: Uint8Array;
  readonly done: (error: Error | undefined) => void;
}

/** A StateFile that can be waited for. */
export interface DirectoryState extends StateFile {
  /** Settles when nothing is being written any more. */
  idle(): Promise<void>;
}

async function syncEntry(dir: string): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, file: Uint8Array): Promise<void> {
  for (let at = 0; at < file.length; ) {
    const { bytesWritten } = await handle.write(file, at);
    at += bytesWritten;
  }
  await handle.sync();
}

/** Temp file, fsync, rename, directory fsync. A failure before the rename leaves the old state as it was. */
async function replace(dir: string, file: Uint8Array): Promise<void> {
  const temp = join(dir, `${STATE_NAME}.tmp`);
  await rm(temp, { force: true });
  const handle = await open(temp, "wx", 0o600);
  try {
    await writeAll(handle, file);
    await handle.close();
    await rename(temp, join(dir, STATE_NAME));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temp, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncEntry(dir);
}

function readFile(path: string): StateParts | undefined {
  let size: number;
  try {
    size = statSync(path).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  check(
    size <= STATE_BYTES_MAX,
    "ERR_STATE_CORRUPT",
    `the state file ${path} is damaged (${size} bytes); nothing was changed. Enroll anew in another directory`,
  );
  const file = readFileSync(path);
  try {
    return unwrapState(file, path);
  } finally {
    zeroize(file);
  }
}

/** Zeros over the old bytes, then removal. Flash and copy-on-write file systems may keep a copy all the same. */
function shred(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, "r+");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  try {
    writeSync(fd, new Uint8Array(fstatSync(fd).size), 0, undefined, 0);
    fsyncSync(fd);
    ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
  rmSync(path);
}

/**
 * Reads an agent's state file; undefined when there is none. The caller holds the lock: a temp file that a crash
 * left behind holds secrets and is shredded. Throws ERR_STATE_*; nothing but that temp file is touched.
 */
export function readStateFile(dir: string): StateParts | undefined {
  const path = join(dir, STATE_NAME);
  try {
    shred(join(dir, `${STATE_NAME}.tmp`));
    return readFile(path);
  } catch (error) {
    throw storageError(error, WHAT, path);
  }
}

/** Reads the cluster part beside a running agent: no lock, nothing touched; undefined when there is no state. */
export function peekCluster(dir: string): Uint8Array | undefined {
  const path = join(dir, STATE_NAME);
  try {
    const parts = readFile(path);
    if (parts !== undefined) zeroize(parts.state);
    return parts?.cluster;
  } catch (error) {
    throw storageError(error, WHAT, path);
  }
}

/** Overwrites the state in place and removes it: for a state that must never be used again. */
export function eraseStateFile(dir: string): void {
  const path = join(dir, STATE_NAME);
  try {
    shred(path);
  } catch (error) {
    throw storageError(error, WHAT, path);
  }
}

/**
 * The StateFile port of the agent that owns `dir` (its lock is held): every save carries the same cluster part.
 * Saves are done one after the other; what was renamed over is gone from the directory, and the protocol makes
 * an old state worthless as soon as the next step is certified.
 */
export function directoryState(dir: string, cluster: Uint8Array): DirectoryState {
  const path = join(dir, STATE_NAME);
  const queue: Save[] = [];
  let draining: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { file, done } = next;
      const error = await replace(dir, file).then(
        () => undefined,
        (cause: unknown) => storageError(cause, WHAT, path),
      );
      zeroize(file);
      done(error);
    }
    draining = undefined;
  };

  return {
    load: () => readStateFile(dir)?.state,
    save(state, done) {
      queue.push({ file: wrapState({ cluster, state }), done });
      draining ??= drain();
    },
    async idle() {
      while (draining !== undefined) await draining;
    },
  };
}

/** Whether an agent's directory holds a state, without reading it. */
export function hasState(dir: string): boolean {
  return statSync(join(dir, STATE_NAME), { throwIfNoEntry: false }) !== undefined;
}
