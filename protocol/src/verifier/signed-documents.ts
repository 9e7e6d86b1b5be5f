import { z } from "zod";
import { toHex } from "../bytes.ts";
import { parseWith } from "../encoding/schema.ts";
import { check } from "../errors.ts";
import {
  instanceOfSubject,
  SECEVENT_TYP,
  SESSION_REVOKED,
  SIGNED_JWKS_SECONDS,
  SIGNED_JWKS_TYP,
} from "../issuer/documents.ts";
import { parseCompactJwt, type UnverifiedJwt } from "../oauth/jwt.ts";
import { type PublicJwk, publicJwk } from "../oauth/thumbprint.ts";
import { type JwsVerifier, jwsVerifies } from "../oauth/verify-jws.ts";
import { TOLERANCES } from "../policy/tolerances.ts";

/** Who checks a document of the cluster: with keys it trusts already. */
export interface DocumentReader extends JwsVerifier {
  readonly issuer: string;
  readonly keys: readonly PublicJwk[];
  readonly nowMs: number;
}

/** Throws ERR_JWT_SYNTAX, ERR_DOCUMENT_TYP, _KEY or _SIGNATURE. */
function verified(reader: DocumentReader, text: string, typ: string): UnverifiedJwt {
  const jwt = parseCompactJwt(text);
  check(jwt.header["typ"] === typ, "ERR_DOCUMENT_TYP", `typ is not ${typ}`);
  const { kid } = jwt.header;
  const key = reader.keys.find((one) => one.kid !== undefined && one.kid === kid);
  const alg = key?.kty === "EC" ? "ES256" : "EdDSA";
  check(key !== undefined && jwt.header["alg"] === alg, "ERR_DOCUMENT_KEY", "kid names no trusted key");
  const signed = jwsVerifies(reader, text, jwt.signingInput, key);
  check(signed, "ERR_DOCUMENT_SIGNATURE", "the signature does not verify");
  return jwt;
}

const seconds = z.int().min(0);
const jwksClaims = z.looseObject({
  iss: z.string(),
  iat: seconds,
  exp: seconds,
  keys: z.array(publicJwk).min(1).max(64),
});

/** A key set that q oracles signed, and until when it holds. */
export interface TrustedKeys {
  readonly keys: readonly PublicJwk[];
  readonly untilMs: number;
}

/**
 * Reads the signed JWKS: under a key trusted already, about our issuer, of now. So one oracle can show an old one
 * for minutes, and a wrong one never. Throws ERR_DOCUMENT_*.
 */
export function readSignedJwks(reader: DocumentReader, text: string): TrustedKeys {
  const { claims } = verified(reader, text, SIGNED_JWKS_TYP);
  const { iss, iat, exp, keys } = parseWith(jwksClaims, claims, "ERR_DOCUMENT_CLAIMS");
  check(iss === reader.issuer, "ERR_DOCUMENT_ISSUER", "the key set is of another issuer");
  const bounded = exp - iat <= SIGNED_JWKS_SECONDS && iat * 1000 <= reader.nowMs + TOLERANCES.tokenIatMs;
  check(bounded && exp * 1000 > reader.nowMs, "ERR_DOCUMENT_TIME", "the key set is not of now");
  return { keys, untilMs: exp * 1000 };
}

const eventClaims = z.looseObject({
  iss: z.string(),
  aud: z.string(),
  iat: seconds,
  jti: z.string().min(1).max(256),
  sub_id: z.unknown(),
  events: z.record(z.string(), z.unknown()),
});

/** That an instance's session is revoked, as q oracles say. */
export interface RevokedEvent {
  readonly jti: string;
  /** In hex, as tokens name it. */
  readonly instance: string;
}

/** Reads a Security Event Token for this audience (RFC 8417 section 2.2). Throws ERR_DOCUMENT_*. */
export function readRevokedEvent(reader: DocumentReader, audience: string, text: string): RevokedEvent {
  const { claims } = verified(reader, text, SECEVENT_TYP);
  const { iss, aud, iat, jti, sub_id, events } = parseWith(eventClaims, claims, "ERR_DOCUMENT_CLAIMS");
  check(iss === reader.issuer, "ERR_DOCUMENT_ISSUER", "the event is of another issuer");
  check(aud === audience, "ERR_DOCUMENT_AUDIENCE", "the event is for another receiver");
  check(
    iat * 1000 <= reader.nowMs + TOLERANCES.tokenIatMs,
    "ERR_DOCUMENT_TIME",
    "the event is from the future",
  );
  const instance = instanceOfSubject(sub_id);
  const known = Object.hasOwn(events, SESSION_REVOKED) && instance !== undefined;
  check(known, "ERR_DOCUMENT_EVENT", "not an event about an instance");
  return { jti, instance: toHex(instance) };
}
