import { fromBase64Url, IpseError, MESSAGE_BYTES_MAX, URL_BYTES_MAX } from "@ipse/protocol";
import { z } from "zod";

/** Bytes of a request: the longest message in base64url, and room for the rest. */
export const BODY_BYTES_MAX = Math.ceil((MESSAGE_BYTES_MAX * 4) / 3) + 4096;

const payload = z
  .string()
  .max(Math.ceil((MESSAGE_BYTES_MAX * 4) / 3))
  .transform((text, context) => {
    const bytes = fromBase64Url(text);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: "custom", message: "not unpadded base64url" });
    return z.NEVER;
  });
const url = z.string().min(1).max(URL_BYTES_MAX);
const scope = z.string().min(1).max(4096);
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "not a SHA-256 thumbprint in base64url");

/** What a workload may have signed as it is; assertions have a route of their own that builds them. */
const SIGN_TYPES = ["raw", "http-signature", "wimse"] as const;

/** POST /v1/sign: exactly these bytes are signed. */
export const signRequest = z.strictObject({ payload, type: z.enum(SIGN_TYPES).default("raw") });
export type SignRequest = z.output<typeof signRequest>;

/** POST /v1/assertion */
export const assertionRequest = z.strictObject({
  audience: url,
  scope: scope.optional(),
  resource: url.optional(),
  jkt: thumbprint.optional(),
});

/** POST /v1/token; `proof` asks for a DPoP proof for one call with the token. */
export const tokenRequest = z.strictObject({
  resource: url,
  scope: scope.optional(),
  issuer: url.optional(),
  dpop: z.boolean().default(true),
  /** Exchange a token of our own issuer there (RFC 8693). */
  exchange: z.strictObject({ url, audience: url.optional() }).optional(),
  proof: z
    .strictObject({
      method: z.string().regex(/^[A-Za-z]{1,32}$/),
      url: url.refine((value) => URL.canParse(value), "not a URL"),
      nonce: z.string().max(1024).optional(),
    })
    .optional(),
});

/** GET /v1/events */
export const eventsQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0) });

/** Parses a request; the first problem becomes ERR_REQUEST that names the field, never its value. */
export function parseRequest<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  const named = issue?.code === "unrecognized_keys" ? "unknown member" : (issue?.message ?? "not usable");
  throw new IpseError("ERR_REQUEST", path === "" ? `request: ${named}` : `${path}: ${named}`);
}
