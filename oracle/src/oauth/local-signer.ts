import { createPrivateKey, type JsonWebKey, type KeyObject, sign } from "node:crypto";
import { IpseError, toBase64Url } from "@ipse/protocol";
import type { Ed25519 } from "@ipse/protocol/group";
import { ACCESS_TOKEN_TYP, jwkThumbprint, type PublicJwk, publicJwk } from "@ipse/protocol/oauth";
import { exportJWK, generateKeyPair, type JWK } from "jose";
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

function privateKeyOf(jwk: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw new IpseError("ERR_KEY_FILE", "the token key is not a usable private key", { cause });
  }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signs on this thread: handing a signature to another one and back takes as long as making it. */
function rawSigner(jwk: PublicJwk, d: string, ed25519: Ed25519): (input: Buffer) => Uint8Array {
  const { kty, crv, x } = jwk;
  const key = privateKeyOf({ kty, crv, x, ...(jwk.kty === "EC" ? { y: jwk.y } : {}), d });
  // RFC 7518 section 3.4: R || S. Ed25519 hashes by itself and has one encoding.
  if (kty === "EC") return (input) => sign("sha256", input, { key, dsaEncoding: "ieee-p1363" });
  const seed = Buffer.from(d, "base64url");
  const signer = ed25519.signer(seed);
  seed.fill(0);
  return signer;
}

/**
 * Signs tokens with a key of this oracle alone. Weaker than threshold-issued tokens: whoever takes this one
 * key mints tokens for any workload. Throws ERR_KEY_FILE when the JWK is no private key of a known kind.
 */
export function createLocalSigner(privateJwk: JWK, ed25519: Ed25519): LocalSigner {
  const { kty, crv, x, y, d } = privateJwk;
  const parsed = publicJwk.safeParse(kty === "EC" ? { kty, crv, x, y } : { kty, crv, x });
  if (!parsed.success || typeof d !== "string")
    throw new IpseError("ERR_KEY_FILE", "the token key is not a private P-256 or Ed25519 JWK");
  const alg: LocalAlg = algOf(parsed.data);
  const signed = rawSigner(parsed.data, d, ed25519);
  const kid = jwkThumbprint(parsed.data);
  const header = part({ typ: ACCESS_TOKEN_TYP, alg, kid });
  return {
    publicJwk: { ...parsed.data, kid, alg, use: "sig" },
    sign: (claims) => {
      const input = `${header}.${part(claims)}`;
      return `${input}.${toBase64Url(signed(Buffer.from(input)))}`;
    },
  };
}
