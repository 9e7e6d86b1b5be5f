import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Copies a directory as `cp -r` does, sockets and all, beside whoever uses it. */
export function copyDir(from: string, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("cp", ["-r", from, to], (error) => {
      // A temporary file that vanished meanwhile is no loss; the state file is replaced as a whole.
      if (error === null || existsSync(join(to, "state"))) resolve();
      else reject(error);
    });
  });
}
