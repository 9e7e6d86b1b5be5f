import { fromBase64Url, URL_BYTES_MAX } from "@ipse/protocol";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { signHttpRequest, WimseTokens } from "../signing/index.ts";
import { parseRequest } from "./schemas.ts";
import type { AgentService } from "./service.ts";

const httpUrl = z
  .string()
  .max(URL_BYTES_MAX)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), "not an http(s) URL");
const key = z.enum(["ephemeral", "threshold"]).default("ephemeral");
const fieldName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_|~-]{1,128}$/, "not a field name");
const fieldValue = z.string().max(8192);
const token = z.string().min(1).max(16_384);

/** POST /v1/http-signature */
const httpSignatureRequest = z.strictObject({
  method: z.string().regex(/^[A-Za-z]{1,32}$/),
  url: httpUrl,
  headers: z.record(fieldName, z.union([fieldValue, z.array(fieldValue).min(1).max(64)])).default({}),
  body: z
    .string()
    .transform((text, context) => {
      const bytes = fromBase64Url(text);
      if (bytes !== undefined) return bytes;
      context.addIssue({ code: "custom", message: "not unpadded base64url" });
      return z.NEVER;
    })
    .optional(),
  components: z.array(z.string().max(128)).max(64).optional(),
  key,
  resource: z.string().min(1).max(URL_BYTES_MAX).optional(),
  scope: z.string().min(1).max(4096).optional(),
  label: z
    .string()
    .regex(/^[a-z*][a-z0-9_.*-]{0,31}$/)
    .default("ipse"),
  tag: z.string().max(256).optional(),
  nonce: z.string().max(256).optional(),
  expires_in: z.int().min(1).max(300).default(60),
});

/** POST /v1/wimse */
const wimseRequest = z.strictObject({
  audience: httpUrl,
  key,
  txn_token: token.optional(),
  other_tokens: z.record(fieldName, token).optional(),
});

/** Signed requests instead of bearer tokens: RFC 9421 and WIMSE. */
export function signingRoutes(server: FastifyInstance, service: AgentService): void {
  const wimse = new WimseTokens(service);
  server.post("/v1/http-signature", async (request, reply) => {
    reply.header("cache-control", "no-store");
    const wish = parseRequest(httpSignatureRequest, request.body);
    return signHttpRequest(service, wimse, wish, Date.now());
  });
  server.post("/v1/wimse", async (request, reply) => {
    reply.header("cache-control", "no-store");
    const wish = parseRequest(wimseRequest, request.body);
    const made = wish.key === "threshold" ? await wimse.threshold() : await wimse.ephemeral();
    const wpt = await wimse.proof(made, wish);
    return { wit: made.wit, wpt, expires_in: wimse.expiresIn(made), jwk: made.signer.jwk };
  });
}
