import { IpseError } from "@ipse/protocol";

/** Every `code` and message along an error's chain of causes. */
function trail(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    parts.push(typeof code === "string" ? code : "", at.message);
  }
  return parts.join(" ");
}

/** A store that lost something must not go on: it would vote again. Nor must a backup of it. */
export function damaged(dir: string, cause?: unknown): IpseError {
  const message = `the store ${dir} is damaged and nothing was changed; mend the disk, but put no older copy in its place`;
  return new IpseError("ERR_STORE_CORRUPT", message, { cause });
}

/** What went wrong with a store, as one sentence a person can act on. */
export function storeSentence(dir: string, cause: unknown): IpseError {
  if (cause instanceof IpseError) return cause;
  const text = trail(cause);
  const error = (code: string, message: string): IpseError => new IpseError(code, message, { cause });
  if (/LEVEL_LOCKED|already held by process/.test(text))
    return error("ERR_STORE_LOCKED", `already running: another process uses the store ${dir}`);
  if (/ENOSPC|EDQUOT|No space left|quota exceeded/i.test(text))
    return error("ERR_STORE_FULL", `the disk of the store ${dir} is full`);
  if (/EACCES|EPERM|Permission denied|EROFS|Read-only file system/i.test(text))
    return error("ERR_STORE_PERMISSION", `no permission to write the store ${dir}`);
  if (/LEVEL_CORRUPTION|corrupt/i.test(text)) return damaged(dir, cause);
  const last = cause instanceof Error ? cause.message : "unknown error";
  return error("ERR_STORE_IO", `the store ${dir} cannot be read or written: ${last}`);
}
