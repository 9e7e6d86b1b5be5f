import { createHash } from "node:crypto";
import { equalBytes, fromBase64Url, IpseError, toBase64Url, utf8 } from "@ipse/protocol";
import { type Codec, decode, encode, parseStrictJsonBytes } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { type Clock, type OracleNode, TokenBucket } from "@ipse/protocol/host";
import {
  type ReadRequest,
  readAnswerInput,
  rosterHash,
  rosterToJson,
  type SignedRoster,
  signedReadRequest,
  signedStatement,
  verifyReadRequest,
} from "@ipse/protocol/registry";
import type { FastifyInstance, FastifyReply } from "fastify";
import { endpointStatements } from "../links/index.ts";
import { systemClock } from "../ports/system.ts";
import { answerQuery } from "./read-body.ts";

export interface RegistryDeps {
  readonly node: OracleNode;
  readonly group: Group;
  readonly clock: Clock;
  /** Oldest first; the last one is the newest. */
  readonly rosters: readonly SignedRoster[];
  readonly voteSeed: Uint8Array;
}

/** Requests per second that cost signatures to check, over all callers; the rest is told to come back. */
const CHECKED_PER_SECOND = 200;
const ENDPOINTS_CACHE_MS = 2_000;

function memberOf(body: unknown, name: string): Uint8Array {
  const raw = (body as Record<string, unknown> | null)?.[name];
  const keys = typeof body === "object" && body !== null ? Object.keys(body) : [];
  const bytes = typeof raw === "string" && keys.length === 1 ? fromBase64Url(raw) : undefined;
  if (bytes === undefined)
    throw new IpseError("ERR_HTTP_BODY", `expected a JSON object {"${name}": base64url} and nothing else`);
  return bytes;
}

function decoded<T>(codec: Codec<T>, body: unknown, name: string): T {
  return decode(codec, memberOf(body, name));
}

/** The newest signed endpoint statements, base64url. */
function endpointTexts(node: OracleNode): string[] {
  return endpointStatements(node).map((one) => toBase64Url(encode(signedStatement, one)));
}

function signAnswer(deps: RegistryDeps, request: ReadRequest, body: string): Record<string, string> {
  const timeMs = deps.clock.nowMs();
  const bodyHash = new Uint8Array(createHash("sha256").update(utf8(body)).digest());
  const input = readAnswerInput(request, timeMs, bodyHash);
  return {
    "ipse-oracle": String(deps.node.oracle),
    "ipse-time": String(timeMs),
    "ipse-signature": toBase64Url(deps.group.ed25519.sign(deps.voteSeed, input)),
  };
}

async function read(deps: RegistryDeps, body: unknown, reply: FastifyReply): Promise<FastifyReply> {
  const signed = decoded(signedReadRequest, body, "request");
  const roster = deps.rosters.find(({ roster: one }) =>
    equalBytes(rosterHash(one), signed.request.rosterHash),
  );
  if (roster === undefined)
    throw new IpseError("ERR_READ_ORACLE", "the request is under a roster this oracle does not serve");
  verifyReadRequest(deps.group, roster.roster, deps.node.oracle, deps.clock.nowMs(), signed);
  let answer: Record<string, unknown>;
  try {
    answer = await answerQuery(deps.node, signed.request.query);
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    // Signed as well: "I know no such instance" is an answer on which b+1 oracles can agree.
    answer = { error: { code: error.code, message: error.message } };
  }
  const text = JSON.stringify(answer);
  return reply
    .headers(signAnswer(deps, signed.request, text))
    .type("application/json")
    .send(text);
}

function rosterRoutes(app: FastifyInstance, deps: RegistryDeps): void {
  const texts = new Map(deps.rosters.map((one) => [toBase64Url(rosterHash(one.roster)), rosterToJson(one)]));
  const newest = [...texts.values()].at(-1) ?? "";
  app.get("/v1/registry/roster", (_request, reply) => reply.type("application/json").send(newest));
  app.get<{ Params: { hash: string } }>("/v1/registry/rosters/:hash", (request, reply) => {
    const text = texts.get(request.params.hash);
    if (text === undefined)
      throw new IpseError("ERR_ROSTER_NOT_FOUND", "this oracle serves no roster of that hash");
    return reply.type("application/json").send(text);
  });
}

/** Statements and reads under /v1/registry: everything in and out is signed, so the listener may be public. */
export function registryRoutes(app: FastifyInstance, deps: RegistryDeps): void {
  const budget = new TokenBucket(CHECKED_PER_SECOND, 2 * CHECKED_PER_SECOND, systemClock.monotonicMs);
  let cached: { readonly untilMs: number; readonly endpoints: string[] } | undefined;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, parseStrictJsonBytes(body as Buffer, { lengthMax: 128 * 1024 }));
    } catch (error) {
      done(error as Error);
    }
  });
  rosterRoutes(app, deps);
  app.get("/v1/registry/endpoints", (_request, reply) => {
    const now = deps.clock.monotonicMs();
    if (cached === undefined || now >= cached.untilMs)
      cached = { untilMs: now + ENDPOINTS_CACHE_MS, endpoints: endpointTexts(deps.node) };
    return reply.send({ endpoints: cached.endpoints });
  });
  const costly = (): void => {
    if (!budget.take()) throw new IpseError("ERR_BUSY", "too many requests; come back in a second");
  };
  app.post("/v1/registry/statements", (request, reply) => {
    costly();
    const statement = decoded(signedStatement, request.body, "statement");
    deps.node.submitStatement(statement, (error) => {
      if (error === undefined) void reply.send({ accepted: true });
      else void reply.send(error);
    });
    return reply;
  });
  app.post("/v1/registry/read", (request, reply) => {
    costly();
    return read(deps, request.body, reply);
  });
}
