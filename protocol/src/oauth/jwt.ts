import { fromBase64Url, utf8 } from "../bytes.ts";
import { type JsonValue, parseStrictJsonBytes } from "../encoding/strict-json.ts";
import { check, IpseError } from "../errors.ts";
import { MESSAGE_BYTES_MAX } from "../limits.ts";
import { recentHeaders } from "./recent-headers.ts";

export type JsonObject = { readonly [key: string]: JsonValue };

/** A JWT before any judgement of its content or its signature. */
export interface UnverifiedJwt {
  /** What the signature is over: ASCII(header "." payload), RFC 7515 section 5.2. */
  readonly signingInput: Uint8Array;
  /** Frozen, and the same object for the same text while that is remembered. */
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

const ASCII = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function part(text: string, name: string): JsonObject {
  const bytes = fromBase64Url(text);
  check(bytes !== undefined && bytes.length > 0, "ERR_JWT_SYNTAX", `the ${name} is not base64url`);
  const value = parseStrictJsonBytes(bytes, { lengthMax: MESSAGE_BYTES_MAX });
  const object = typeof value === "object" && value !== null && !Array.isArray(value);
  check(object, "ERR_JWT_SYNTAX", `the ${name} is not a JSON object`);
  return value as JsonObject;
}

const headerOf = recentHeaders((text) => part(text, "header"));

function parse(header: string, payload: string): UnverifiedJwt {
  return {
    signingInput: utf8(`${header}.${payload}`),
    header: headerOf(header),
    claims: part(payload, "payload"),
  };
}

/**
 * Parses a JWS signing input (RFC 7515 section 5.1) that carries JWT claims: exactly two parts of canonical
 * base64url, each one strict JSON object. Throws ERR_JWT_SYNTAX or ERR_JSON_*.
 */
export function parseSigningInput(input: Uint8Array): UnverifiedJwt {
  check(input.length <= MESSAGE_BYTES_MAX, "ERR_JWT_SYNTAX", "the signing input is too long");
  let text: string;
  try {
    text = ASCII.decode(input);
  } catch (cause) {
    throw new IpseError("ERR_JWT_SYNTAX", "the signing input is not text", { cause });
  }
  const [header, payload, ...more] = text.split(".");
  check(payload !== undefined && more.length === 0, "ERR_JWT_SYNTAX", "a signing input has two parts");
  return parse(header ?? "", payload);
}

/** Parses the compact serialization (RFC 7515 section 7.1). The signature is NOT verified here. Throws as parseSigningInput. */
export function parseCompactJwt(jwt: string): UnverifiedJwt {
  check(jwt.length <= MESSAGE_BYTES_MAX, "ERR_JWT_SYNTAX", "the JWT is too long");
  const [header, payload, signature, ...more] = jwt.split(".");
  const three = payload !== undefined && signature !== undefined && more.length === 0;
  check(three, "ERR_JWT_SYNTAX", "a JWT has three parts");
  const signed = (fromBase64Url(signature)?.length ?? 0) > 0;
  check(signed, "ERR_JWT_SYNTAX", "the signature is not base64url");
  return parse(header ?? "", payload);
}
