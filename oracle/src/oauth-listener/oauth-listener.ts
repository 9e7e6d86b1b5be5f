import { dirname, join } from "node:path";
import { toBase64Url } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import type { Clock, OracleNode, OracleTokenApi } from "@ipse/protocol/host";
import { issuerKey } from "@ipse/protocol/issuer";
import { OAuthError, type PublicJwk } from "@ipse/protocol/oauth";
import type { Roster } from "@ipse/protocol/registry";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import { depsOfNode, EventTokens, type OAuthDeps, oauthRoutes, type TokenSigner } from "../oauth/index.ts";
import { EventPush } from "./event-push.ts";
import { makeKeyRecord } from "./key-record.ts";
import { ISSUER_KEYS_PATH } from "./paths.ts";
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

/** What differs between the modes: who signs, and which keys stand in the JWKS. */
interface Signing {
  readonly signer: TokenSigner;
  jwks(): readonly PublicJwk[];
  /** Where events can be signed by a quorum: undefined in mode `local`. */
  readonly eventTokens?: EventTokens;
  mountKeyRoute(app: FastifyInstance): void;
  start(): void;
  stop(): void;
}

/** Mode `threshold`: the core signs together with the others. */
function threshold(tokens: OracleTokenApi, { node, log }: OAuthOptions): Signing {
  const eventTokens = new EventTokens(tokens);
  const push = new EventPush({ events: node.events, tokens: eventTokens, log });
  return {
    signer: {
      sign: () => Promise.reject(new OAuthError("server_error", "no oracle signs alone in this mode")),
    },
    jwks: () => tokens.jwks(),
    mountKeyRoute: (app) =>
      void app.get(ISSUER_KEYS_PATH, (_request, reply) =>
        reply.send({ keys: tokens.issuerKeys().map((key) => toBase64Url(encode(issuerKey, key))) }),
      ),
    eventTokens,
    start: () => push.start(),
    stop: () => push.stop(),
  };
}

/** Mode `local`: a key of this oracle, and the keys of its peers as they learn them from each other. */
async function alone({ node, group, roster, voteSeed, log, loaded }: OAuthOptions): Promise<Signing> {
  const { tokens } = loaded.config;
  const keyFile = inConfigDir(loaded, tokens.key_file);
  const signer = await loadTokenKey(keyFile, tokens.alg);
  const own = makeKeyRecord(group, roster, node.oracle, voteSeed, signer.publicJwk);
  const file = join(dirname(keyFile), "token-keys.json");
  const peerKeys = new PeerKeys({ node, group, roster, log, file, own });
  return {
    signer,
    jwks: () => peerKeys.keys(),
    mountKeyRoute: (app) => void app.get(TOKEN_KEY_PATH, (_request, reply) => reply.send(own)),
    start: () => peerKeys.start(),
    stop: () => peerKeys.stop(),
  };
}

export async function createOAuthSide(options: OAuthOptions): Promise<OAuthSide> {
  const { node, clock, roster } = options;
  const signing = node.tokens === undefined ? await alone(options) : threshold(node.tokens, options);
  const deps: OAuthDeps = {
    ...depsOfNode(node, clock),
    issuer: roster.issuer,
    get declaredUrls() {
      return declaredUrls(node, roster.issuer);
    },
    signer: signing.signer,
    jwks: () => signing.jwks(),
    ...(signing.eventTokens === undefined ? {} : { eventTokens: signing.eventTokens }),
  };
  return {
    mount: (app) => void app.register(oauthRoutes, deps),
    mountKeyRoute: (app) => signing.mountKeyRoute(app),
    start: () => signing.start(),
    stop: () => signing.stop(),
  };
}
