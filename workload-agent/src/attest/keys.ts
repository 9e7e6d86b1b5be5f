import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { fromBase64Url, IpseError, toBase64Url } from "@ipse/protocol";
import type { AttestationKey } from "@ipse/protocol/attestation";
import { jwkThumbprint, okpJwk } from "@ipse/protocol/oauth";
import { z } from "zod";

const KEYS_MAX = 256;
const jwks = z.looseObject({ keys: z.array(z.looseObject({})).max(KEYS_MAX) });
const identity = z.looseObject({ jwk: z.looseObject({}) });

const unusable = (what: string): IpseError => new IpseError("ERR_ATTESTATION_KEY", what);

function keyOf(x: string): AttestationKey {
  const publicKey = fromBase64Url(x);
  if (publicKey?.length !== 32) throw unusable("the key is not an Ed25519 public key");
  return { kid: jwkThumbprint({ kty: "OKP", crv: "Ed25519", x }), publicKey };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(`${what} is not JSON`);
  }
}

/** An SPKI public key in PEM, as `ipse-agent identity` prints it. A private key is refused. Throws ERR_ATTESTATION_KEY. */
export function keysOfPem(text: string): AttestationKey[] {
  if (!text.includes("-----BEGIN PUBLIC KEY-----")) throw unusable("the key file holds no public key in PEM");
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw unusable("the key file holds no public key in PEM");
  }
  if (key.asymmetricKeyType !== "ed25519") throw unusable("the key is not an Ed25519 public key");
  return [keyOf(key.export({ format: "jwk" }).x ?? "")];
}

/** The Ed25519 keys of a JWK Set (RFC 7517 section 5); keys of other kinds are passed over. Throws ERR_ATTESTATION_KEY. */
export function keysOfJwks(text: string): AttestationKey[] {
  const set = jwks.safeParse(parseJson(text, "the JWK Set"));
  if (!set.success) throw unusable("the JWK Set is not usable");
  const keys = set.data.keys.flatMap((jwk) => {
    const known = okpJwk.safeParse(jwk);
    return known.success ? [keyOf(known.data.x)] : [];
  });
  if (keys.length === 0) throw unusable("the JWK Set holds no Ed25519 key");
  return keys;
}

/** The key of what `ipse-agent identity --json` printed. Throws ERR_ATTESTATION_KEY. */
export function keysOfIdentity(text: string): AttestationKey[] {
  const known = identity.safeParse(parseJson(text, "the identity file"));
  const jwk = okpJwk.safeParse(known.data?.jwk);
  if (!jwk.success) throw unusable("the identity file holds no Ed25519 JWK");
  return [keyOf(jwk.data.x)];
}

/** Ed25519 (RFC 8032 section 5.1.7) by OpenSSL. Never throws. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) };
    return verify(null, message, createPublicKey({ key: jwk, format: "jwk" }), signature);
  } catch {
    return false;
  }
}
