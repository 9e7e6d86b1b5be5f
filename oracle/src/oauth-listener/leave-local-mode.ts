import { existsSync, rmSync } from "node:fs";
import { parseStrictJson } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import type { Roster } from "@ipse/protocol/registry";
import type { JWK } from "jose";
import type { Logger } from "pino";
import { readSecretFile } from "../keys/index.ts";
import { createLocalSigner } from "../oauth/index.ts";
import { makeKeyRecord } from "./key-record.ts";
import { type RetiringKeys, readKeyRecords } from "./retiring-keys.ts";

export interface LocalModeLeft {
  readonly group: Group;
  readonly roster: Roster;
  readonly oracle: number;
  readonly voteSeed: Uint8Array;
  readonly log: Logger;
  /** This oracle's private token key. */
  readonly keyFile: string;
  /** The public token keys it knew, its peers' too. */
  readonly recordsFile: string;
}

/**
 * An oracle that signed alone signs with the others from now on: the old public keys retire, and the private key, with
 * which one oracle can mint tokens, is deleted. Does nothing where there is none.
 */
export async function leaveLocalMode(left: LocalModeLeft, retiring: RetiringKeys): Promise<void> {
  const { group, roster, oracle, voteSeed, log, keyFile, recordsFile } = left;
  if (!existsSync(keyFile)) return;
  try {
    const jwk = parseStrictJson(readSecretFile(keyFile).trim()) as JWK;
    const { publicJwk } = createLocalSigner(jwk, group.ed25519);
    const own = makeKeyRecord(group, roster, oracle, voteSeed, publicJwk);
    retiring.add([own, ...readKeyRecords(recordsFile)]);
    for (const file of [keyFile, recordsFile]) rmSync(file, { force: true });
    log.info({ keys: retiring.keys().length }, "token-keys.retiring");
  } catch (error) {
    log.warn({ err: error, file: keyFile }, "token-key.left-behind");
  }
}
