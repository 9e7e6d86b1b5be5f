import { z } from "zod";
import { compareBytes, toBase64Url } from "../bytes.ts";
import { encode } from "../encoding/index.ts";
import { base64UrlBytes, parseWith } from "../encoding/schema.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";
import { IpseError } from "../errors.ts";
import { OPERATORS_MAX, ORACLES_MAX, ROSTER_FILE_CHARS_MAX } from "../limits.ts";
import { NO_PREVIOUS, OPERATOR_ROLES, rosterHash, type SignedRoster, signedRoster } from "./roster.ts";
import type { SignedStatement } from "./statement.ts";

const integer = z.int().min(0);
const bytes32 = base64UrlBytes(32);

const operatorJson = z.strictObject({
  name: z.string(),
  public_key: bytes32,
  roles: z.array(z.enum(OPERATOR_ROLES)).max(OPERATOR_ROLES.length),
  not_before_ms: integer,
  not_after_ms: integer,
});

const signatureJson = z.strictObject({ public_key: bytes32, signature: base64UrlBytes(64) });

/** A signed endpoint statement under the roster of the same file. */
const endpointJson = z.strictObject({
  oracle: integer,
  session_url: z.string(),
  oauth_url: z.string(),
  tls_pin: bytes32,
  serial: integer,
  issued_at_ms: integer,
  signatures: z.array(signatureJson).max(OPERATORS_MAX),
});

/** roster.json: a signed roster as people read it. Keys, hashes and signatures are base64url. */
const rosterJson = z.strictObject({
  version: z.literal(1),
  trust_domain: z.string(),
  issuer: z.string(),
  serial: integer,
  /** Hash of the predecessor; null in the first roster of a chain. */
  previous: bytes32.nullable(),
  operators: z.array(operatorJson).max(OPERATORS_MAX),
  mint_threshold: integer,
  oracles: z.array(z.strictObject({ id: integer, vote_key: bytes32 })).max(ORACLES_MAX),
  quorum: integer,
  byzantine_max: integer,
  signatures: z.array(signatureJson).max(OPERATORS_MAX),
  /** Where the oracles are reached; no part of the roster and not under its signatures, each has its own. */
  endpoints: z.array(endpointJson).max(ORACLES_MAX).optional(),
});

function endpointsToJson(statements: readonly SignedStatement[]): z.input<typeof endpointJson>[] {
  return statements.flatMap(({ statement, signatures }) => {
    const { payload, serial, issuedAtMs } = statement;
    if (payload.kind !== "endpoint") return [];
    return {
      oracle: payload.oracle,
      session_url: payload.sessionUrl,
      oauth_url: payload.oauthUrl,
      tls_pin: toBase64Url(payload.tlsPin),
      serial,
      issued_at_ms: issuedAtMs,
      signatures: signatures.map(({ publicKey, signature }) => ({
        public_key: toBase64Url(publicKey),
        signature: toBase64Url(signature),
      })),
    };
  });
}

/** The text of roster.json, with the oracles' endpoint statements where there are any. */
export function rosterToJson(signed: SignedRoster, endpoints: readonly SignedStatement[] = []): string {
  const { roster } = signed;
  const first = compareBytes(roster.previous, NO_PREVIOUS) === 0;
  const value: z.input<typeof rosterJson> = {
    version: roster.version,
    trust_domain: roster.trustDomain,
    issuer: roster.issuer,
    serial: roster.serial,
    previous: first ? null : toBase64Url(roster.previous),
    operators: roster.operators.map((operator) => ({
      name: operator.name,
      public_key: toBase64Url(operator.publicKey),
      roles: [...operator.roles],
      not_before_ms: operator.notBeforeMs,
      not_after_ms: operator.notAfterMs,
    })),
    mint_threshold: roster.mintThreshold,
    oracles: roster.oracles.map((oracle) => ({ id: oracle.id, vote_key: toBase64Url(oracle.voteKey) })),
    quorum: roster.quorum,
    byzantine_max: roster.byzantineMax,
    signatures: signed.signatures.map(({ publicKey, signature }) => ({
      public_key: toBase64Url(publicKey),
      signature: toBase64Url(signature),
    })),
    ...(endpoints.length === 0 ? {} : { endpoints: endpointsToJson(endpoints) }),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function fromParsed(file: z.output<typeof rosterJson>): SignedRoster {
  const { signatures, previous } = file;
  return {
    roster: {
      version: file.version,
      trustDomain: file.trust_domain,
      issuer: file.issuer,
      serial: file.serial,
      previous: previous ?? NO_PREVIOUS,
      operators: file.operators.map((operator) => ({
        name: operator.name,
        publicKey: operator.public_key,
        roles: operator.roles,
        notBeforeMs: operator.not_before_ms,
        notAfterMs: operator.not_after_ms,
      })),
      mintThreshold: file.mint_threshold,
      oracles: file.oracles.map((oracle) => ({ id: oracle.id, voteKey: oracle.vote_key })),
      quorum: file.quorum,
      byzantineMax: file.byzantine_max,
    },
    signatures: signatures.map(({ public_key, signature }) => ({ publicKey: public_key, signature })),
  };
}

/**
 * Reads roster.json. Unknown and duplicate keys are errors. The roster is well formed after this, not yet
 * trusted: verifyRoster and a pinned hash decide that. Throws ERR_JSON_* or ERR_ROSTER_JSON.
 */
export function rosterFromJson(text: string): SignedRoster {
  const json = parseStrictJson(text, { lengthMax: ROSTER_FILE_CHARS_MAX });
  const signed = fromParsed(parseWith(rosterJson, json, "ERR_ROSTER_JSON"));
  try {
    encode(signedRoster, signed);
  } catch (cause) {
    const why = cause instanceof IpseError ? cause.message : "a value does not fit";
    throw new IpseError("ERR_ROSTER_JSON", why, { cause });
  }
  return signed;
}

/** The endpoint statements in a roster.json: well formed, not yet verified. Throws what rosterFromJson throws. */
export function endpointsFromJson(text: string): SignedStatement[] {
  const hash = rosterHash(rosterFromJson(text).roster);
  const json = parseStrictJson(text, { lengthMax: ROSTER_FILE_CHARS_MAX });
  const { endpoints = [] } = parseWith(rosterJson, json, "ERR_ROSTER_JSON");
  return endpoints.map((one) => ({
    statement: {
      version: 1,
      rosterHash: hash,
      serial: one.serial,
      issuedAtMs: one.issued_at_ms,
      payload: {
        kind: "endpoint",
        oracle: one.oracle,
        sessionUrl: one.session_url,
        oauthUrl: one.oauth_url,
        tlsPin: one.tls_pin,
      },
    },
    signatures: one.signatures.map(({ public_key, signature }) => ({ publicKey: public_key, signature })),
  }));
}
