import { IpseError, JOIN_URI_CHARS_MAX } from "@ipse/protocol";
import { readInput } from "./input.ts";
import { usageError } from "./usage.ts";

export interface JoinSource {
  readonly join?: string | undefined;
  readonly joinFile?: string | undefined;
}

function readText(path: string): string {
  const text = Buffer.from(readInput(path, "the join file")).toString("utf8");
  if (text.length > 2 * JOIN_URI_CHARS_MAX)
    throw new IpseError("ERR_JOIN_URI", "that is too long for a join URI");
  return text;
}

/**
 * The join URI from exactly one place: --join (visible to other users of the machine in the process list), a file,
 * standard input ("-"), or IPSE_JOIN_URI. It is a secret until its ticket is used up.
 */
export function readJoinUri({ join, joinFile }: JoinSource, env = process.env): string {
  if (join !== undefined && joinFile !== undefined)
    throw usageError("give the join URI once: --join or --join-file");
  const fromEnv = env["IPSE_JOIN_URI"];
  if (join === "-") return readText("-");
  if (join !== undefined) return join;
  if (joinFile !== undefined) return readText(joinFile);
  if (fromEnv !== undefined && fromEnv !== "") return fromEnv;
  throw usageError("no join URI: use --join URI, --join-file F, --join - (standard input) or IPSE_JOIN_URI");
}
