import { readFileSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import {
  endpointsFromJson,
  rosterFromJson,
  type SignedRoster,
  type SignedStatement,
} from "@ipse/protocol/registry";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import type { TlsMaterial } from "../http/create-http.ts";
import { readSecretFile, readSigningKey, type SigningKey } from "../keys/index.ts";

/** What an oracle needs from the files its configuration names. */
export interface Material {
  readonly voteKey: SigningKey;
  readonly rosters: readonly SignedRoster[];
  /** Endpoint statements that came along with the rosters. */
  readonly endpoints: readonly SignedStatement[];
  readonly sessionTls: TlsMaterial | undefined;
  readonly oauthTls: TlsMaterial | undefined;
}

/** Reads a roster file with the endpoint statements in it. Throws ERR_CONFIG, ERR_JSON_* or ERR_ROSTER_JSON, naming the file. */
export function readRosterFile(path: string): { roster: SignedRoster; endpoints: SignedStatement[] } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw new IpseError("ERR_CONFIG", `cannot read the roster ${path} (${code})`, { cause });
  }
  try {
    return { roster: rosterFromJson(text), endpoints: endpointsFromJson(text) };
  } catch (cause) {
    if (!(cause instanceof IpseError)) throw cause;
    throw new IpseError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}

/** Reads certificate and key; undefined when the listener has no TLS. */
export function readTls(
  loaded: LoadedConfig,
  tls: { readonly cert_file: string; readonly key_file: string } | undefined,
): TlsMaterial | undefined {
  if (tls === undefined) return undefined;
  return {
    cert: readSecretFile(inConfigDir(loaded, tls.cert_file)),
    key: readSecretFile(inConfigDir(loaded, tls.key_file)),
  };
}

export function readMaterial(group: Group, loaded: LoadedConfig): Material {
  const { config } = loaded;
  const files = config.rosters.map((file) => readRosterFile(inConfigDir(loaded, file)));
  return {
    voteKey: readSigningKey(group, inConfigDir(loaded, config.vote_key_file)),
    rosters: files.map(({ roster }) => roster),
    endpoints: files.flatMap(({ endpoints }) => endpoints),
    sessionTls: readTls(loaded, config.session.tls),
    oauthTls: readTls(loaded, config.oauth?.tls),
  };
}
