import { errorCode, IpseError } from "@ipse/protocol";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { OUTCOMES, outcomeOf } from "../outcome.ts";

/** RFC 9457 problem details; `code` is the stable word for programs. */
export interface Problem {
  readonly type: `urn:ipse:error:${string}`;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Refused by policy",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Quarantined or stale",
  410: "Revoked",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Quorum unreachable",
};

function problem(status: number, code: string, detail: string): Problem {
  return { type: `urn:ipse:error:${code}`, title: TITLES[status] ?? "Error", status, detail, code };
}

/** The problem of an error. What is not ours says nothing about itself: it could quote a secret. */
export function problemOf(error: unknown): Problem {
  if (error instanceof IpseError) {
    const { status } = OUTCOMES[outcomeOf(error.code)];
    return problem(status, error.code, error.message);
  }
  const status = (error as Partial<FastifyError> | undefined)?.statusCode ?? 500;
  if (status >= 400 && status < 500)
    return problem(status, "ERR_REQUEST", TITLES[status] ?? "the request is not usable");
  return problem(500, errorCode(error), "the agent failed; its log says more");
}

/** Sends an error the way every route does. */
export function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const body = problemOf(error);
  return reply.code(body.status).type("application/problem+json").send(body);
}

export function notFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = problem(404, "ERR_NOT_FOUND", "no such route");
  return reply.code(404).type("application/problem+json").send(body);
}
