import { readFileSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { errnoOf } from "../state/system-errors.ts";

const STDIN = 0;
const WHY: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "is not readable for this user",
  EISDIR: "is a directory",
};

/** What went wrong with a file the user named. */
export function inputError(error: unknown, name: string): IpseError {
  const errno = errnoOf(error);
  return new IpseError("ERR_INPUT_FILE", `${name} ${WHY[errno] ?? `cannot be read (${errno})`}`);
}

/** Reads a file the user named, or standard input for "-". Throws ERR_INPUT_FILE. */
export function readInput(path: string, what: string): Uint8Array {
  const name = path === "-" ? "standard input" : `${what} ${path}`;
  try {
    return readFileSync(path === "-" ? STDIN : path);
  } catch (error) {
    throw inputError(error, name);
  }
}
