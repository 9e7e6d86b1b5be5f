import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import { stringify } from "yaml";
import { type ConfigInput, parseConfig } from "../config/index.ts";
import { newSigningKey, writeSecretFile, writeSigningKey, writeTlsKey } from "../keys/index.ts";
import { type PublicHalf, publicHalfJson } from "./public-half.ts";

export interface InitOptions {
  readonly dir: string;
  readonly oracle: number;
  readonly sessionUrl: string;
  readonly oauthUrl: string;
  readonly listen: string;
  readonly oauthListen: string;
  readonly localListen: string;
}

const HEADER = `# An Ipse oracle. Paths start at this file's directory; \${NAME} is taken from the environment.
# Unknown keys are errors. Put the cluster's roster.json and the OAuth certificate beside this file.
`;

function checkUrl(name: string, url: string): void {
  if (!/^https:\/\/[^\s#/?]+\/?$/.test(url))
    throw new IpseError(
      "ERR_USAGE",
      `${name}: expected https://host[:port], got ${JSON.stringify(url.slice(0, 100))}`,
    );
}

/**
 * Makes one oracle's directory: oracle.yaml, vote key, TLS key and certificate. Returns the public half for
 * the roster. Refuses a directory that holds an oracle.
 */
export async function initOracle(group: Group, options: InitOptions): Promise<PublicHalf> {
  const { dir, oracle, sessionUrl, oauthUrl } = options;
  checkUrl("--session-url", sessionUrl);
  checkUrl("--oauth-url", oauthUrl);
  const at = (name: string): string => join(dir, name);
  for (const name of ["oracle.yaml", "vote.jwk", "tls.key"]) {
    if (existsSync(at(name)))
      throw new IpseError("ERR_USAGE", `${at(name)} exists; this directory holds an oracle`);
  }
  const config: ConfigInput = {
    version: 1,
    oracle,
    store_dir: "store",
    vote_key_file: "vote.jwk",
    rosters: ["roster.json"],
    session: { listen: options.listen, tls: { cert_file: "tls.crt", key_file: "tls.key" } },
    oauth: { listen: options.oauthListen, tls: { cert_file: "oauth.crt", key_file: "oauth.key" } },
    local: { listen: options.localListen },
  };
  const text = HEADER + stringify(config);
  parseConfig(text, at("oracle.yaml"));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const voteKey = newSigningKey(group);
  writeSigningKey(at("vote.jwk"), voteKey);
  const tlsPin = await writeTlsKey(at("tls.crt"), at("tls.key"), `ipse-oracle-${oracle}`, Date.now());
  const half: PublicHalf = {
    voteKey: voteKey.publicKey,
    endpoint: { oracle, sessionUrl, oauthUrl, tlsPin },
  };
  writeSecretFile(at("public.json"), `${JSON.stringify(publicHalfJson(half), null, 2)}\n`);
  writeSecretFile(at("oracle.yaml"), text);
  return half;
}
