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
import { nodeEs256 } from "../ports/es256.ts";
import { EventPush } from "./event-push.ts";
import { makeKeyRecord, oncePerKid } from "./key-record.ts";
import { leaveLocalMode } from "./leave-local-mode.ts";
import { ISSUER_KEYS_PATH } from "./paths.ts";
import { PeerKeys, TOKEN_KEY_PATH } from "./peer-keys.ts";
import { RetiringKeys } from "./retiring-keys.ts";
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

/** This oracle's token key of mode `local`, with what it knows of others beside it. */
function localFiles({ group, roster, clock, log, loaded }: OAuthOptions) {
  const keyFile = inConfigDir(loaded, loaded.config.tokens.key_file);
  const file = join(dirname(keyFile), "retiring-keys.json");
  const retiring = new RetiringKeys({ group, roster, log, file, nowMs: () => clock.nowMs() });
  return { keyFile, recordsFile: join(dirname(keyFile), "token-keys.json"), retiring };
}

/** Mode `threshold`: the core signs together with the others. Keys of mode `local`, if there were any, retire. */
async function threshold(tokens: OracleTokenApi, options: OAuthOptions): Promise<Signing> {
  const { node, log } = options;
  const { retiring, ...files } = localFiles(options);
  await leaveLocalMode({ ...options, oracle: node.oracle, ...files }, retiring);
  const eventTokens = new EventTokens(tokens);
  const push = new EventPush({ events: node.events, tokens: eventTokens, log });
  return {
    signer: {
      sign: () => {
        throw new OAuthError("server_error", "no oracle signs alone in this mode");
      },
    },
    jwks: () => oncePerKid([...tokens.jwks(), ...retiring.keys()]),
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
async function alone(options: OAuthOptions): Promise<Signing> {
  const { node, group, roster, voteSeed, log, loaded } = options;
  const { keyFile, recordsFile: file, retiring } = localFiles(options);
  const signer = await loadTokenKey(keyFile, loaded.config.tokens.alg, group.ed25519);
  const own = makeKeyRecord(group, roster, node.oracle, voteSeed, signer.publicJwk);
  const peerKeys = new PeerKeys({ node, group, roster, log, file, own, retiring });
  return {
    signer,
    jwks: () => peerKeys.keys(),
    mountKeyRoute: (app) => void app.get(TOKEN_KEY_PATH, (_request, reply) => reply.send(own)),
    start: () => peerKeys.start(),
    stop: () => peerKeys.stop(),
  };
}

export async function createOAuthSide(options: OAuthOptions): Promise<OAuthSide> {
  const { node, group, clock, roster, loaded } = options;
  const { limits } = loaded.config;
  const signing = node.tokens === undefined ? await alone(options) : await threshold(node.tokens, options);
  const deps: OAuthDeps = {
    ...depsOfNode(node, clock),
    verifier: { group, verifyEs256: nodeEs256 },
    issuer: roster.issuer,
    get declaredUrls() {
      return declaredUrls(node, roster.issuer);
    },
    signer: signing.signer,
    rates: {
      perAddress: limits.oauth_requests_per_second_per_address,
      perClient: limits.oauth_requests_per_second_per_client,
    },
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
