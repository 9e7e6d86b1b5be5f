import { fromBase64Url, hash32, oracleId, toBase64Url } from "@ipse/protocol";
import { constant, parseStrictJson, signingInput, struct, text } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { jwkThumbprint, type PublicJwk, publicJwk } from "@ipse/protocol/oauth";
import { type Roster, rosterHash, voteKeyOf } from "@ipse/protocol/registry";
import { z } from "zod";
import { algOf } from "../oauth/verify-jws.ts";

const JWK_CHARS_MAX = 1024;

/** What an oracle's vote key signs about its token key, so that its peers can put it into their JWKS. */
const statement = struct({
  version: constant(1),
  oracle: oracleId,
  rosterHash: hash32,
  jwk: text(JWK_CHARS_MAX),
});

const record = z.strictObject({
  oracle: z.int(),
  jwk: z.string().max(JWK_CHARS_MAX),
  signature: z.string().max(100),
});
/** An oracle's public token key under its vote key, as it travels and as it is kept. */
export type KeyRecord = z.output<typeof record>;

function input(roster: Roster, oracle: number, jwk: string): Uint8Array {
  return signingInput("ipse/v1/token-key", statement, {
    version: 1,
    oracle,
    rosterHash: rosterHash(roster),
    jwk,
  });
}

export function makeKeyRecord(
  group: Group,
  roster: Roster,
  oracle: number,
  voteSeed: Uint8Array,
  key: PublicJwk,
): KeyRecord {
  const jwk = JSON.stringify(key);
  return { oracle, jwk, signature: toBase64Url(group.ed25519.sign(voteSeed, input(roster, oracle, jwk))) };
}

/** A key under another key's name, or for another algorithm, would keep verifiers from finding the one that is meant. */
function namesItself(key: PublicJwk): boolean {
  return key.kid === jwkThumbprint(key) && key.alg === algOf(key) && key.use === "sig";
}

/** Keys of several oracles, each once: nobody proves that a key is its own, and two under one kid are an error to many. */
export function oncePerKid(keys: readonly PublicJwk[]): readonly PublicJwk[] {
  const seen = new Set<string | undefined>();
  return keys.filter(({ kid }) => !seen.has(kid) && seen.add(kid));
}

/** The key in a record if it names itself and its oracle signed it under this roster; undefined for anything else. */
export function verifyKeyRecord(
  group: Group,
  roster: Roster,
  value: unknown,
): { oracle: number; key: PublicJwk } | undefined {
  const parsed = record.safeParse(value);
  if (!parsed.success) return undefined;
  const { oracle, jwk, signature } = parsed.data;
  const voteKey = voteKeyOf(roster, oracle);
  const bytes = fromBase64Url(signature);
  if (voteKey === undefined || bytes === undefined) return undefined;
  try {
    if (!group.ed25519.verify(voteKey, input(roster, oracle, jwk), bytes)) return undefined;
    const key = publicJwk.parse(parseStrictJson(jwk));
    return namesItself(key) ? { oracle, key } : undefined;
  } catch {
    return undefined;
  }
}
