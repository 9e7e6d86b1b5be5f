import { z } from "zod";
import { utf8 } from "../bytes.ts";
import { parseWith } from "../encoding/schema.ts";
import { type JsonValue, parseStrictJsonBytes } from "../encoding/strict-json.ts";
import { TEXT_BYTES_MAX, URL_BYTES_MAX } from "../limits.ts";

/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const IN_TOTO_PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
/** Bytes of a statement that is verified; what oracles sign is bounded by MESSAGE_BYTES_MAX. */
const STATEMENT_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 64;

/** Hex digits of the digests whose length we know (in-toto's digest_set.md); others are taken as they are. */
const HEX_DIGITS: Readonly<Record<string, readonly number[]>> = {
  sha1: [40],
  sha224: [56],
  sha256: [64],
  sha384: [96],
  sha512: [128],
  gitCommit: [40, 64],
};

function isDigest(algorithm: string, value: string): boolean {
  const digits = Object.hasOwn(HEX_DIGITS, algorithm) ? HEX_DIGITS[algorithm] : undefined;
  if (digits === undefined) return value !== "";
  return digits.includes(value.length) && /^[0-9a-f]*$/.test(value);
}

/** https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md */
const digestSet = z
  .record(z.string().min(1), z.string())
  .refine((set) => Object.keys(set).length > 0, "no digest")
  .refine((set) => Object.entries(set).every(([name, value]) => isDigest(name, value)), "not a digest");

/** https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md */
export const attestationSubject = z.looseObject({
  name: z.string().max(TEXT_BYTES_MAX).optional(),
  digest: digestSet,
});
export type AttestationSubject = z.output<typeof attestationSubject>;

/** A TypeURI (https://github.com/in-toto/attestation/blob/main/spec/v1/field_types.md). */
export const predicateTypeUri = z
  .string()
  .max(URL_BYTES_MAX)
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/, "not a URI");

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const inTotoStatement = z.looseObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(attestationSubject).min(1),
  predicateType: predicateTypeUri,
  predicate: z.looseObject({}).optional(),
});
export type InTotoStatement = z.output<typeof inTotoStatement>;

/** Parses a statement in strict JSON. Throws `code` or ERR_JSON_*. */
export function parseStatement(body: Uint8Array, code: string): InTotoStatement {
  const json = parseStrictJsonBytes(body, { lengthMax: STATEMENT_BYTES_MAX, depthMax: DEPTH_MAX });
  return parseWith(inTotoStatement, json, code);
}

export interface StatementContent {
  readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly predicateType: string;
  readonly predicate: { readonly [key: string]: JsonValue };
}

/** The bytes of a statement as we sign it. */
export function encodeStatement({ subject, predicateType, predicate }: StatementContent): Uint8Array {
  return utf8(JSON.stringify({ _type: STATEMENT_TYPE, subject, predicateType, predicate }));
}
