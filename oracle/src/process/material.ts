import type { Group } from "@ipse/protocol/group";
import type { SignedRoster, SignedStatement } from "@ipse/protocol/registry";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import type { TlsMaterial } from "../http/create-http.ts";
import { readSecretFile, readSigningKey, type SigningKey } from "../keys/index.ts";
import { readRosterFile } from "../operator/roster-file.ts";

/** What an oracle needs from the files its configuration names. */
export interface Material {
  readonly voteKey: SigningKey;
  readonly rosters: readonly SignedRoster[];
  /** Endpoint statements that came along with the rosters. */
  readonly endpoints: readonly SignedStatement[];
  readonly sessionTls: TlsMaterial | undefined;
  readonly oauthTls: TlsMaterial | undefined;
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
