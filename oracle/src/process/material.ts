import { createSecureContext } from "node:tls";
import { equalBytes, IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import type { Endpoint, SignedRoster, SignedStatement } from "@ipse/protocol/registry";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import type { TlsMaterial } from "../http/create-http.ts";
import { pinOfCertificate, readSecretFile, readSigningKey, type SigningKey } from "../keys/index.ts";
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

/** What is wrong when this oracle's endpoint record pins another TLS key than it shows: nobody could reach it. */
export function pinProblem(loaded: LoadedConfig, endpoint: Endpoint | undefined): string | undefined {
  const { oracle, session } = loaded.config;
  if (session.tls === undefined || endpoint === undefined) return undefined;
  const file = inConfigDir(loaded, session.tls.cert_file);
  if (equalBytes(pinOfCertificate(file), endpoint.tlsPin)) return undefined;
  return `${file} is not the TLS key that the endpoint record of oracle ${oracle} pins: nobody connects to it`;
}

/** The newest endpoint of an oracle among statements that came with a roster; not verified. */
export function endpointIn(statements: readonly SignedStatement[], oracle: number): Endpoint | undefined {
  const found = statements
    .map(({ statement }) => statement)
    .filter(({ payload }) => payload.kind === "endpoint" && payload.oracle === oracle)
    .sort((a, b) => b.serial - a.serial)[0];
  return found?.payload.kind === "endpoint" ? found.payload : undefined;
}
