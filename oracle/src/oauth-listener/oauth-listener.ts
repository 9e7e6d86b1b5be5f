import { dirname, join } from "node:path";
import type { Group } from "@ipse/protocol/group";
import type { Clock, OracleNode } from "@ipse/protocol/host";
import type { Roster } from "@ipse/protocol/registry";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import { depsOfNode, type OAuthDeps, oauthRoutes } from "../oauth/index.ts";
import { makeKeyRecord } from "./key-record.ts";
import { PeerKeys, TOKEN_KEY_PATH } from "./peer-keys.ts";
import { loadTokenKey } from "./token-key.ts";

export interface OAuthOptions {
  readonly node: OracleNode;
  readonly group: Group;
  readonly clock: Clock;
  readonly roster: Roster;
  readonly voteSeed: Uint8Array;
  readonly log: Logger;
  readonly loaded: LoadedConfig;
}

/** The OAuth side of an oracle: its token key, its peers' keys, its routes. */
export interface OAuthSide {
  /** Adds the OAuth endpoints to the listener that serves them. */
  mount(app: FastifyInstance): void;
  /** Adds the route by which peers learn this oracle's token key to the session listener. */
  mountKeyRoute(app: FastifyInstance): void;
  start(): void;
  stop(): void;
}

/** URLs under which clients may have reached this oracle. */
function declaredUrls(node: OracleNode, issuer: string): readonly string[] {
  const endpoint = node.endpoint(node.oracle);
  return endpoint === undefined ? [issuer] : [...new Set([issuer, endpoint.oauthUrl])];
}

export async function createOAuthSide(options: OAuthOptions): Promise<OAuthSide> {
  const { node, group, clock, roster, voteSeed, log, loaded } = options;
  const { tokens } = loaded.config;
  const keyFile = inConfigDir(loaded, tokens.key_file);
  const signer = await loadTokenKey(keyFile, tokens.alg);
  const own = makeKeyRecord(group, roster, node.oracle, voteSeed, signer.publicJwk);
  const file = join(dirname(keyFile), "token-keys.json");
  const peerKeys = new PeerKeys({ node, group, roster, log, file, own });
  const deps: OAuthDeps = {
    ...depsOfNode(node, clock),
    issuer: roster.issuer,
    get declaredUrls() {
      return declaredUrls(node, roster.issuer);
    },
    signer,
    jwks: () => peerKeys.keys(),
  };
  return {
    mount: (app) => void app.register(oauthRoutes, deps),
    mountKeyRoute: (app) => void app.get(TOKEN_KEY_PATH, (_request, reply) => reply.send(own)),
    start: () => peerKeys.start(),
    stop: () => peerKeys.stop(),
  };
}
