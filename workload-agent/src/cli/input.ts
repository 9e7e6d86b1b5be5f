import { readFileSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { errnoOf } from "../state/system-errors.ts";

const STDIN = 0;
const WHY: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "is not readable for this user",
  EISDIR: "is a directory",
};

/** Reads a file the user named, or standard input for "-". Throws ERR_INPUT_FILE. */
export function readInput(path: string, what: string): Uint8Array {
  const name = path === "-" ? "standard input" : `${what} ${path}`;
  try {
    return readFileSync(path === "-" ? STDIN : path);
  } catch (error) {
    const errno = errnoOf(error);
    throw new IpseError("ERR_INPUT_FILE", `${name} ${WHY[errno] ?? `cannot be read (${errno})`}`);
  }
}
