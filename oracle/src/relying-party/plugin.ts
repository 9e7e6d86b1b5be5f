import { IpseError } from "@ipse/protocol";
import { useHashes } from "@ipse/protocol/encoding";
import { loadGroup } from "@ipse/protocol/group";
import type { AccessTokenClaims } from "@ipse/protocol/oauth";
import type { Roster } from "@ipse/protocol/registry";
import { ResourceError, requireScope } from "@ipse/protocol/verifier";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { DpopNonces } from "../oauth/dpop-nonce.ts";
import { nodeEs256 } from "../ports/es256.ts";
import { systemHashes } from "../ports/hashes.ts";
import { AgreedIntrospection } from "./agreed-introspection.ts";
import { type DenyList, memoryDenyList } from "./deny-list.ts";
import { EventPoller } from "./event-poller.ts";
import { KeySource } from "./key-source.ts";
import { ResourceVerifier } from "./verifier.ts";

export interface RelyingPartyOptions {
  readonly issuer: string;
  /** This API's URL, as operators registered it: the `aud` of its tokens. */
  readonly resource: string;
  /** Base URLs of the oracles (default: the issuer alone). */
  readonly oracles?: readonly string[];
  /** The cluster's roster, which makes every key provable. Without it one oracle's word is believed. */
  readonly roster?: Roster;
  /** Also accept tokens that are not bound to a key (default false). */
  readonly bearer?: boolean;
  /** Public base URLs of this API (default: what the request's host says); DPoP `htu` must be under one. */
  readonly urls?: readonly string[];
  /** Ask for DPoP proofs with a nonce of this server (RFC 9449 section 9). */
  readonly nonces?: boolean;
  /** Where revoked instances are kept (default: in memory). */
  readonly denyList?: DenyList;
  /** Receive pushed events (RFC 8935) at this path. */
  readonly eventPath?: string;
  /**
   * Ask the oracles about each token (RFC 7662), believing what enough of them say alike; needs `roster` and the URL
   * of every oracle in `oracles`. An answer is believed for `maxAgeMs` (default 0).
   */
  readonly introspection?: { readonly credential: string; readonly maxAgeMs?: number };
  /** Poll for events (RFC 8936) with the resource's introspection credential. */
  readonly poll?: { readonly credential: string; readonly intervalMs?: number };
}

declare module "fastify" {
  interface FastifyRequest {
    /** The verified claims of the request's access token. */
    ipse: AccessTokenClaims | undefined;
  }
}

/** RFC 6750 section 3 and RFC 9449 section 7.1: what was wrong, and what would be accepted. */
function challenge(error: ResourceError, bearer: boolean): string[] {
  const description = error.message.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'");
  const why = `error="${error.error}", error_description="${description}"`;
  const dpop = `DPoP ${why}, algs="ES256 EdDSA Ed25519"`;
  return bearer ? [dpop, `Bearer ${why}`] : [dpop];
}

const bare = (base: string): string => base.replace(/\/+$/, "");

/** The request's URL without query, under each base. */
function urlsOf(request: FastifyRequest, bases: readonly string[] | undefined): string[] {
  const own = bases ?? [bare(`${request.protocol}://${request.host}`)];
  const { url } = request;
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  return own.map((base) => base + path);
}

function pushRoute(app: FastifyInstance, path: string, verifier: ResourceVerifier): void {
  app.register((scope, _options, done) => {
    scope.addContentTypeParser(
      "application/secevent+jwt",
      { parseAs: "string", bodyLimit: 16 * 1024 },
      (_request, body, parsed) => parsed(null, body),
    );
    scope.post(path, { config: { ipse: "events" } }, async (request, reply) => {
      try {
        await verifier.takeEvent(String(request.body));
        return await reply.code(202).send();
      } catch (error) {
        if (!(error instanceof IpseError)) throw error;
        // RFC 8935 section 2.4.
        const err = error.code === "ERR_DOCUMENT_AUDIENCE" ? "invalid_audience" : "invalid_request";
        return reply.code(400).send({ err, description: error.message });
      }
    });
    done();
  });
}

/**
 * A fastify plugin that lets only requests with a good access token through: `request.ipse` holds its claims. Register
 * it in the scope that holds the protected routes; `requireScope` of @ipse/protocol/verifier does the rest.
 */
export function relyingParty(
  app: FastifyInstance,
  options: RelyingPartyOptions,
  done: (error?: Error) => void,
): void {
  protect(app, options).then(() => done(), done);
}

async function protect(app: FastifyInstance, options: RelyingPartyOptions): Promise<void> {
  const { issuer, resource, bearer = false, poll, eventPath } = options;
  const urls = options.urls?.map(bare);
  useHashes(systemHashes);
  const { group } = await loadGroup();
  const verifier = { group, verifyEs256: nodeEs256 };
  const oracles = options.oracles ?? [issuer];
  const source = new KeySource({ issuer, oracles, roster: options.roster, verifier });
  const denyList = options.denyList ?? memoryDenyList();
  const nonces = options.nonces === true ? new DpopNonces(() => Date.now()) : undefined;
  const resourceVerifier = new ResourceVerifier({
    issuer,
    resource,
    bearer,
    source,
    verifier,
    denyList,
    nonces,
    introspection:
      options.introspection === undefined
        ? undefined
        : new AgreedIntrospection({ oracles, roster: options.roster, resource, ...options.introspection }),
  });
  app.decorateRequest("ipse", undefined);
  app.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
    if ((request.routeOptions.config as { ipse?: string }).ipse === "events") return;
    if (nonces !== undefined) reply.header("dpop-nonce", nonces.current());
    const { authorization, dpop: proof } = request.headers;
    const asked = { method: request.method, urls: urlsOf(request, urls), authorization, proof };
    request.ipse = await resourceVerifier.verify(asked);
  });
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof ResourceError)) throw error;
    void reply.header("www-authenticate", challenge(error, bearer));
    return reply.code(error.status).send({ error: error.error, error_description: error.message });
  });
  if (eventPath !== undefined) pushRoute(app, eventPath, resourceVerifier);
  if (poll === undefined) return;
  const poller = new EventPoller({
    oracles,
    resource,
    ...poll,
    take: (text) => resourceVerifier.takeEvent(text),
  });
  app.addHook("onReady", (done) => {
    poller.start();
    done();
  });
  app.addHook("onClose", (_app, done) => {
    poller.stop();
    done();
  });
}

// What the plugin adds is for the scope it is registered in, and its errors are shown there.
Object.assign(relyingParty, { [Symbol.for("skip-override")]: true });

export { requireScope };
