import { equalBytes } from "../bytes.ts";
import { deriveKeyId, type PoolKeyRoster, poolKey, verifyPoolKey } from "../dkg/index.ts";
import { constant, type Hash, hashOf, type Infer, struct, u64 } from "../encoding/index.ts";
import { check } from "../errors.ts";
import type { CommitmentVector } from "../frost/index.ts";
import type { Group } from "../group/group.ts";
import { hash32, oracleId } from "../ids.ts";
import { ed25519Jwk, jwkThumbprint, type PublicJwk } from "../oauth/thumbprint.ts";

/** What names a ceremony that makes an issuer key; its tag is not the pool's. */
const ceremonyName = struct({ rosterHash: hash32, initiator: oracleId, serial: u64 });

/** Names a ceremony for an issuer key, so that no pool key's certificate stands for one, nor the other way round. */
export function issuerCeremonyId(name: Infer<typeof ceremonyName>): Hash {
  return hashOf("ipse/v1/issuer-ceremony", ceremonyName, name);
}

/** An issuer key, provable on its own: who began its ceremony, and the key with the signatures of all n oracles. */
export const issuerKey = struct({ version: constant(1), initiator: oracleId, serial: u64, key: poolKey });
export type IssuerKey = Infer<typeof issuerKey>;

export function issuerKeyId({ key }: IssuerKey): Hash {
  return deriveKeyId(key);
}

/** The public key: an ordinary Ed25519 key. */
export function issuerPublicKey({ key }: IssuerKey): Uint8Array {
  return key.commitments[0] ?? new Uint8Array();
}

/** As it stands in the JWKS (RFC 7517). `EdDSA` is what most verifiers know the algorithm as. */
export function issuerJwk(value: IssuerKey): PublicJwk {
  const jwk = ed25519Jwk(issuerPublicKey(value));
  return { ...jwk, kid: jwkThumbprint(jwk), alg: "EdDSA", use: "sig" };
}

/**
 * Checks an issuer key against its roster: all n oracles certified it, in a ceremony for that purpose.
 * Throws ERR_ISSUER_CEREMONY and what verifyPoolKey throws.
 */
export function verifyIssuerKey(group: Group, roster: PoolKeyRoster, value: IssuerKey): CommitmentVector {
  const { initiator, serial, key } = value;
  const named = issuerCeremonyId({ rosterHash: roster.rosterHash, initiator, serial });
  const made = key.count === 1 && equalBytes(named, key.ceremony);
  check(made, "ERR_ISSUER_CEREMONY", "the key is not of a ceremony for an issuer key");
  return verifyPoolKey(group, roster, key);
}
