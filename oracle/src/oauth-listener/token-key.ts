import { existsSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { parseStrictJson } from "@ipse/protocol/encoding";
import type { Ed25519 } from "@ipse/protocol/group";
import type { JWK } from "jose";
import { readSecretFile, writeSecretFile } from "../keys/index.ts";
import { createLocalSigner, generateLocalKey, type LocalAlg, type LocalSigner } from "../oauth/index.ts";

/** The key with which this oracle alone signs access tokens; made on first use, 0600. */
export async function loadTokenKey(path: string, alg: LocalAlg, ed25519: Ed25519): Promise<LocalSigner> {
  if (!existsSync(path)) writeSecretFile(path, `${JSON.stringify(await generateLocalKey(alg))}\n`);
  let jwk: unknown;
  try {
    jwk = parseStrictJson(readSecretFile(path).trim());
  } catch (error) {
    if (error instanceof IpseError && error.code === "ERR_CONFIG") throw error;
    throw new IpseError("ERR_KEY_FILE", `${path}: not a JSON Web Key`);
  }
  const signer = createLocalSigner(jwk as JWK, ed25519);
  if (signer.publicJwk.alg !== alg)
    throw new IpseError(
      "ERR_KEY_FILE",
      `${path} is a key for ${signer.publicJwk.alg}, the configuration says ${alg}`,
    );
  return signer;
}
