import { IpseError } from "@ipse/protocol";
import { ACCESS_TOKEN_TYP, jwkThumbprint, type PublicJwk, publicJwk } from "@ipse/protocol/oauth";
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import type { TokenSigner } from "./deps.ts";
import { algOf } from "./verify-jws.ts";

/** EdDSA is what most consumers know; ES256 is for those that refuse Ed25519 altogether. */
export const LOCAL_ALGS = ["ES256", "EdDSA"] as const;
export type LocalAlg = (typeof LOCAL_ALGS)[number];

export interface LocalSigner extends TokenSigner {
  /** The public half, as it stands in the JWKS. */
  readonly publicJwk: PublicJwk;
}

/** A fresh private key for one oracle's tokens; the caller keeps it (mode 0600) and passes it to createLocalSigner. */
export async function generateLocalKey(alg: LocalAlg): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return exportJWK(privateKey);
}

/**
 * Signs tokens with a key of this oracle alone. Weaker than threshold-issued tokens: whoever takes this one
 * key mints tokens for any workload. Throws ERR_KEY_FILE when the JWK is no private key of a known kind.
 */
export async function createLocalSigner(privateJwk: JWK): Promise<LocalSigner> {
  const { kty, crv, x, y, d } = privateJwk;
  const parsed = publicJwk.safeParse(kty === "EC" ? { kty, crv, x, y } : { kty, crv, x });
  if (!parsed.success || typeof d !== "string")
    throw new IpseError("ERR_KEY_FILE", "the token key is not a private P-256 or Ed25519 JWK");
  const alg: LocalAlg = algOf(parsed.data);
  const key = await importJWK(privateJwk, alg);
  const kid = jwkThumbprint(parsed.data);
  return {
    publicJwk: { ...parsed.data, kid, alg, use: "sig" },
    sign: (claims) =>
      new SignJWT({ ...claims }).setProtectedHeader({ typ: ACCESS_TOKEN_TYP, alg, kid }).sign(key),
  };
}
