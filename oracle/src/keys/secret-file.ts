import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { IpseError } from "@ipse/protocol";

function fsyncDirectory(dir: string): void {
  const handle = openSync(dir, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a file for its user alone (0600): durable and atomic. Without `replace`, an existing file stays and the call fails with EEXIST. */
export function writeSecretFile(path: string, content: string | Uint8Array, replace = false): void {
  const target = replace ? join(dirname(path), `.${randomBytes(8).toString("hex")}.tmp`) : path;
  const handle = openSync(target, "wx", 0o600);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (replace) renameSync(target, path);
  fsyncDirectory(dirname(path));
}

/** Reads a file that holds a secret. The error names the file and the reason, never content. */
export function readSecretFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw new IpseError("ERR_CONFIG", `cannot read ${path} (${code})`, { cause });
  }
}

/** Whether others than the owner may read the file: worth a warning. */
export function isShared(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}
