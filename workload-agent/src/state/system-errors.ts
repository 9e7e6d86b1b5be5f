import { IpseError } from "@ipse/protocol";

/** The errno word of a failed system call; empty for anything else. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** One sentence and one code for what the file system said. `what` names the thing, e.g. "the state file". */
export function storageError(error: unknown, what: string, path: string): IpseError {
  if (error instanceof IpseError) return error;
  const errno = errnoOf(error);
  switch (errno) {
    case "ENOSPC":
    case "EDQUOT":
      return new IpseError("ERR_STATE_DISK_FULL", `${what} ${path} could not be written: the disk is full`);
    case "EACCES":
    case "EPERM":
      return new IpseError(
        "ERR_STATE_PERMISSION",
        `${what} ${path} is not accessible to this user (${errno})`,
      );
    case "EROFS":
      return new IpseError("ERR_STATE_PERMISSION", `${what} ${path} is on a read-only file system`);
    case "ENOTDIR":
      return new IpseError("ERR_STATE_DIRECTORY", `${path} is not a directory`);
    case "ENOENT":
      return new IpseError("ERR_STATE_DIRECTORY", `${path} does not exist`);
    default:
      return new IpseError("ERR_STATE_IO", `${what} ${path} failed: ${errno === "" ? String(error) : errno}`);
  }
}
