import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { fromBase64Url, toBase64Url, utf8 } from "../bytes.ts";
import { remembered } from "../encoding/remembered.ts";

const coordinate = z
  .string()
  .length(43)
  .refine((value) => fromBase64Url(value)?.length === 32, "not 32 bytes of base64url");
/** Members a public key may carry beside the ones that make it; never a private one. */
const named = {
  kid: z.string().max(256).optional(),
  alg: z.string().max(32).optional(),
  use: z.literal("sig").optional(),
  /** What WebCrypto's export adds (https://www.w3.org/TR/WebCryptoAPI/#JsonWebKey-dictionary). */
  ext: z.boolean().optional(),
  key_ops: z.array(z.literal("verify")).max(1).optional(),
};

/** RFC 8037 section 2: an Ed25519 public key. */
export const okpJwk = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: coordinate,
  ...named,
});
/** RFC 7518 section 6.2: a P-256 public key. */
export const ecJwk = z.strictObject({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: coordinate,
  y: coordinate,
  ...named,
});
export type EcJwk = z.output<typeof ecJwk>;
/** The public keys Ipse works with. Private members and unknown ones are errors. */
export const publicJwk = z.discriminatedUnion("kty", [okpJwk, ecJwk]);
export type PublicJwk = z.output<typeof publicJwk>;

/** 32 bytes of RFC 7638 thumbprint: SHA-256 over the required members in lexicographic order (sections 3.1, 3.2). */
export function jwkThumbprintBytes(jwk: PublicJwk): Uint8Array {
  const { kty, crv, x } = jwk;
  const members = jwk.kty === "EC" ? { crv, kty, x, y: jwk.y } : { crv, kty, x };
  return sha256(utf8(JSON.stringify(members)));
}

/** The thumbprint as `kid` and `jkt` carry it: base64url. */
export function jwkThumbprint(jwk: PublicJwk): string {
  return toBase64Url(jwkThumbprintBytes(jwk));
}

/** An Ed25519 public key as a JWK (RFC 8037 section 2). */
export function ed25519Jwk(publicKey: Uint8Array): PublicJwk & { readonly kty: "OKP" } {
  return { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) };
}

/** 32 bytes that name an instance's identity key: its RFC 7638 thumbprint. */
export function identityKid(identityKey: Uint8Array): Uint8Array {
  return jwkThumbprintBytes(ed25519Jwk(identityKey));
}

/** The thumbprint as a JWS header's `kid` carries it. An instance's key is asked for it with every signature. */
export const identityKidText: (identityKey: Uint8Array) => string = remembered((identityKey) =>
  toBase64Url(identityKid(identityKey)),
);
