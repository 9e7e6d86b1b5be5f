import { z } from "zod";
import { parseWith } from "../encoding/schema.ts";
import { check } from "../errors.ts";
import { parseSigningInput } from "../oauth/jwt.ts";
import { publicJwk } from "../oauth/thumbprint.ts";
import { TOLERANCES } from "./tolerances.ts";

const header = z.strictObject({
  typ: z.enum(["wit+jwt", "wpt+jwt"]),
  alg: z.enum(["EdDSA", "Ed25519"]),
  kid: z.string().max(256).optional(),
});

/** The key that proves a WIT: public, for one algorithm (draft-ietf-wimse-workload-creds, section 3.1). */
const confirmation = z.strictObject({
  jwk: publicJwk.refine(
    ({ kty, alg = "" }) => (kty === "EC" ? alg === "ES256" : ["EdDSA", "Ed25519"].includes(alg)),
    "the key is not for its alg",
  ),
});

/** Claims a token must not carry, by type: together they would make it a client assertion for servers that ignore `typ`. */
const FORBIDDEN = { "wit+jwt": ["aud"], "wpt+jwt": ["iss", "sub"] } as const;

/**
 * A WIMSE identity token (draft-ietf-wimse-workload-creds) or proof token (draft-ietf-wimse-wpt): a JWS signing input
 * of that type, short-lived, about this workload and with the key that proves it where it is an identity, and no use
 * as a client assertion (RFC 7523 needs iss, sub and aud). Throws ERR_POLICY_WIMSE, ERR_JWT_SYNTAX or ERR_JSON_*.
 */
export function judgeWimse(payload: Uint8Array, spiffeId: string, nowMs: number): void {
  const jwt = parseSigningInput(payload);
  const { typ } = parseWith(header, jwt.header, "ERR_POLICY_WIMSE");
  const { claims } = jwt;
  const clean = FORBIDDEN[typ].every((name) => claims[name] === undefined);
  check(clean, "ERR_POLICY_WIMSE", "the claims would make a client assertion");
  const own = typ === "wpt+jwt" || claims["sub"] === spiffeId;
  check(own, "ERR_POLICY_WIMSE", "sub is not the workload's SPIFFE ID");
  const exp = claims["exp"];
  check(typeof exp === "number" && exp * 1000 > nowMs, "ERR_POLICY_WIMSE", "no exp, or it is past");
  const lifetimeMs = typ === "wit+jwt" ? TOLERANCES.witLifetimeMs : TOLERANCES.wptLifetimeMs;
  const short = exp * 1000 <= nowMs + lifetimeMs + TOLERANCES.assertionMs;
  check(short, "ERR_POLICY_WIMSE", "exp is too far ahead");
  if (typ === "wit+jwt") parseWith(confirmation, claims["cnf"], "ERR_POLICY_WIMSE");
}
