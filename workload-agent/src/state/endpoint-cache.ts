import { readFileSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ORACLES_MAX } from "@ipse/protocol";
import { decode, encode, list } from "@ipse/protocol/encoding";
import { type SignedStatement, signedStatement } from "@ipse/protocol/registry";

const NAME = "endpoints";
const statements = list(signedStatement, ORACLES_MAX);

/**
 * The newest signed endpoint statements, kept so that a restart finds oracles that moved. Public, and only a
 * cache: whoever loads it verifies every statement again, and without it the join URI's addresses are tried.
 */
export function loadEndpoints(dir: string): readonly SignedStatement[] {
  try {
    return decode(statements, readFileSync(join(dir, NAME)));
  } catch {
    return [];
  }
}

/** Replaces the cache; a crash leaves the old one or the new one. */
export async function saveEndpoints(dir: string, all: readonly SignedStatement[]): Promise<void> {
  const temp = join(dir, `${NAME}.tmp`);
  await writeFile(temp, encode(statements, all), { mode: 0o600 });
  await rename(temp, join(dir, NAME));
}

export function eraseEndpoints(dir: string): void {
  rmSync(join(dir, NAME), { force: true });
}
