import {
  createPrivateKey,
  type JsonWebKey,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
} from "node:crypto";
import { promisify } from "node:util";
import { IpseError } from "@ipse/protocol";
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

const signing = promisify<string | null, Buffer, SignKeyObjectInput, Buffer>(sign);

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * Signs tokens with a key of this oracle alone. Weaker than threshold-issued tokens: whoever takes this one
 * key mints tokens for any workload. Throws ERR_KEY_FILE when the JWK is no private key of a known kind.
 */
export function createLocalSigner(privateJwk: JWK): LocalSigner {
  const { kty, crv, x, y, d } = privateJwk;
  const parsed = publicJwk.safeParse(kty === "EC" ? { kty, crv, x, y } : { kty, crv, x });
  if (!parsed.success || typeof d !== "string")
    throw new IpseError("ERR_KEY_FILE", "the token key is not a private P-256 or Ed25519 JWK");
  const alg: LocalAlg = algOf(parsed.data);
  const { data: jwk } = parsed;
  const key = privateKeyOf({
    kty: jwk.kty,
    crv: jwk.crv,
    x: jwk.x,
    ...(jwk.kty === "EC" ? { y: jwk.y } : {}),
    d,
  });
  const kid = jwkThumbprint(parsed.data);
  const header = part({ typ: ACCESS_TOKEN_TYP, alg, kid });
  // RFC 7518 section 3.4: R || S. Ed25519 hashes by itself and has one encoding.
  const [digest, options] =
    alg === "ES256" ? (["sha256", { key, dsaEncoding: "ieee-p1363" }] as const) : ([null, { key }] as const);
  return {
    publicJwk: { ...parsed.data, kid, alg, use: "sig" },
    sign: async (claims) => {
      const input = `${header}.${part(claims)}`;
      // In a thread of its own: signing takes longer than handing it over.
      const signature = await signing(digest, Buffer.from(input), options);
      return `${input}.${signature.toString("base64url")}`;
    },
  };
}
