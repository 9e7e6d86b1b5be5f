import { equalBytes, fromBase64Url, IpseError, toBase64Url } from "@ipse/protocol";
import { parseStrictJson } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { z } from "zod";
import { systemEntropy } from "../ports/system.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

/** An Ed25519 key pair as its seed. The seed is SECRET. */
export interface SigningKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** RFC 8037 section 2: an Ed25519 private key as a JWK. */
const privateJwk = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().max(64),
  d: z.string().max(64),
  use: z.string().optional(),
  alg: z.string().optional(),
  kid: z.string().optional(),
});

export function newSigningKey(group: Group): SigningKey {
  const seed = systemEntropy.random(32);
  return { seed, publicKey: group.ed25519.publicKey(seed) };
}

/** Writes the private JWK, 0600; an existing file is never replaced. */
export function writeSigningKey(path: string, key: SigningKey): void {
  const jwk = { kty: "OKP", crv: "Ed25519", x: toBase64Url(key.publicKey), d: toBase64Url(key.seed) };
  writeSecretFile(path, `${JSON.stringify(jwk)}\n`);
}

/** Reads a private JWK. Throws ERR_KEY_FILE; the error never repeats what the file holds. */
export function readSigningKey(group: Group, path: string): SigningKey {
  const bad = (why: string): IpseError => new IpseError("ERR_KEY_FILE", `${path}: ${why}`);
  let json: unknown;
  try {
    json = parseStrictJson(readSecretFile(path).trim());
  } catch (error) {
    throw error instanceof IpseError && error.code === "ERR_CONFIG" ? error : bad("not a JSON Web Key");
  }
  const parsed = privateJwk.safeParse(json);
  if (!parsed.success) throw bad("not an Ed25519 private key (JWK with kty OKP, crv Ed25519, x and d)");
  const seed = fromBase64Url(parsed.data.d);
  const claimed = fromBase64Url(parsed.data.x);
  if (seed?.length !== 32 || claimed?.length !== 32) throw bad("x or d is not 32 bytes of base64url");
  const publicKey = group.ed25519.publicKey(seed);
  if (!equalBytes(publicKey, claimed)) throw bad("x is not the public half of d");
  return { seed, publicKey };
}
