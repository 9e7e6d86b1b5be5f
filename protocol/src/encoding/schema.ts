import { z } from "zod";
import { fromBase64Url } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import type { JsonValue } from "./strict-json.ts";

/** Canonical unpadded base64url (RFC 4648 section 5) of exactly `length` bytes. */
export function base64UrlBytes(length: number): z.ZodType<Uint8Array, string> {
  const charsMax = Math.ceil((length * 4) / 3);
  return z
    .string()
    .max(charsMax)
    .transform((value, context) => {
      const bytes = fromBase64Url(value);
      if (bytes?.length === length) return bytes;
      context.addIssue({ code: "custom", message: `expected base64url of ${length} bytes` });
      return z.NEVER;
    });
}

/** Parses with a schema; the first problem becomes an IpseError that names the path, not the value. */
export function parseWith<T>(schema: z.ZodType<T>, value: JsonValue | undefined, code: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  throw new IpseError(code, `${path === "" ? "" : `${path}: `}${issue?.message ?? "invalid"}`);
}
