import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { check } from "@ipse/protocol";
import { errnoOf, storageError } from "./system-errors.ts";

const WHAT = "the agent directory";

/** Makes every file this process creates private. Called first by every entry point. */
export function restrictUmask(): void {
  process.umask(0o077);
}

/** Makes a directory entry durable: a rename or a new file survives a power cut only after this. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function tighten(path: string): void {
  const { mode, uid } = statSync(path);
  if ((mode & 0o077) === 0) return;
  check(
    process.getuid?.() === undefined || uid === process.getuid(),
    "ERR_STATE_PERMISSION",
    `${path} belongs to another user and is open to others; it must be private (mode 0700)`,
  );
  chmodSync(path, 0o700);
}

/**
 * Opens an agent's directory and makes sure that nobody else can read it. Returns the absolute path.
 * Throws ERR_STATE_DIRECTORY or ERR_STATE_PERMISSION.
 */
export function openDirectory(dir: string, create: boolean): string {
  const path = resolve(dir);
  try {
    if (create) {
      const made = mkdirSync(path, { recursive: true, mode: 0o700 });
      if (made !== undefined) syncDirectory(dirname(made));
    }
    check(statSync(path).isDirectory(), "ERR_STATE_DIRECTORY", `${path} is not a directory`);
    tighten(path);
  } catch (error) {
    // mkdir says EEXIST where the path itself is a file.
    if (errnoOf(error) === "EEXIST") check(false, "ERR_STATE_DIRECTORY", `${path} is not a directory`);
    throw storageError(error, WHAT, path);
  }
  return path;
}
