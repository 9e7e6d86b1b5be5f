import { attestationSubject, predicateTypeUri } from "@ipse/protocol/attestation";
import type { JsonValue } from "@ipse/protocol/encoding";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { attest } from "../attest/attest.ts";
import { parseRequest } from "./schemas.ts";
import type { AgentService } from "./service.ts";

const SUBJECTS_MAX = 256;

/** POST /v1/attest: the agent builds the statement, so that it says what it is. */
const attestRequest = z.strictObject({
  subject: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(1024),
        digest: attestationSubject.shape.digest,
      }),
    )
    .min(1)
    .max(SUBJECTS_MAX),
  predicate_type: predicateTypeUri,
  predicate: z.record(
    z.string(),
    z.custom<JsonValue>(() => true),
  ),
});

export function attestRoute(server: FastifyInstance, service: AgentService): void {
  server.post("/v1/attest", async (request) => {
    const body = parseRequest(attestRequest, request.body);
    const { subject, predicate, predicate_type: predicateType } = body;
    return { envelope: await attest(service, { subject, predicateType, predicate }) };
  });
}
