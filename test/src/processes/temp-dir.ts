import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A unix socket's path holds about 100 bytes; the rest of it is ours. */
const BASE_BYTES_MAX = 50;

/** A directory for this process alone, with a path short enough for sockets below it. */
export function makeTempDir(name: string): string {
  const base = Buffer.byteLength(tmpdir()) <= BASE_BYTES_MAX ? tmpdir() : "/tmp";
  return mkdtempSync(join(base, `ipse-${name}-`));
}

/** Removes it with all that is in it; tried again, because a process that was just killed may still write. */
export function removeTempDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
