import { createSecureContext } from "node:tls";
import { IpseError } from "@ipse/protocol";
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

/** Reads certificate and key; undefined when the listener has no TLS. Throws ERR_TLS_CERTIFICATE, ERR_CONFIG. */
export function readTls(
  loaded: LoadedConfig,
  tls: { readonly cert_file: string; readonly key_file: string } | undefined,
): TlsMaterial | undefined {
  if (tls === undefined) return undefined;
  const files = { cert: inConfigDir(loaded, tls.cert_file), key: inConfigDir(loaded, tls.key_file) };
  const material = { cert: readSecretFile(files.cert), key: readSecretFile(files.key) };
  try {
    createSecureContext(material);
  } catch (cause) {
    const why = "are no certificate and key in PEM that belong together";
    throw new IpseError("ERR_TLS_CERTIFICATE", `${files.cert} and ${files.key} ${why}`, { cause });
  }
  return material;
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
