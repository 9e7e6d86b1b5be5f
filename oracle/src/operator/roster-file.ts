import { readFileSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import {
  endpointsFromJson,
  rosterFromJson,
  type SignedRoster,
  type SignedStatement,
} from "@ipse/protocol/registry";

export interface RosterFile {
  readonly roster: SignedRoster;
  /** Endpoint statements that came along; not verified. */
  readonly endpoints: readonly SignedStatement[];
}

/** Reads a file. The error names it and the reason alone. */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw new IpseError("ERR_CONFIG", `cannot read ${what} ${path} (${code})`, { cause });
  }
}

/** Reads a roster file with the endpoint statements in it. Throws ERR_CONFIG, ERR_JSON_* or ERR_ROSTER_JSON, naming the file. */
export function readRosterFile(path: string): RosterFile {
  const text = readText(path, "the roster");
  try {
    return { roster: rosterFromJson(text), endpoints: endpointsFromJson(text) };
  } catch (cause) {
    if (!(cause instanceof IpseError)) throw cause;
    throw new IpseError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}
