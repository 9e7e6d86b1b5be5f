import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, isAbsolute, normalize, sep } from "node:path";
import { inputError } from "./input.ts";

/** Hex of SHA-256 over a file of any length. Throws ERR_INPUT_FILE. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw inputError(error, `the subject ${path}`);
  }
  return hash.digest("hex");
}

/** What a subject is called: the path below the working directory as it was given, or the file's own name. */
export function subjectName(path: string): string {
  const plain = normalize(path);
  const below = !isAbsolute(plain) && plain !== ".." && !plain.startsWith(`..${sep}`);
  return below ? plain.split(sep).join("/") : basename(plain);
}
