import { compareBytes, toHex } from "../bytes.ts";
import {
  type Codec,
  constant,
  encode,
  type Hash,
  hashOf,
  type Infer,
  keyword,
  list,
  remembered,
  signingInput,
  struct,
  text,
  u8,
  u64,
} from "../encoding/index.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { hash32, key32, oracleId, signature64, urlText } from "../ids.ts";
import { OPERATORS_MAX, ORACLES_MAX, TEXT_BYTES_MAX } from "../limits.ts";

/** What an operator's key may sign. `mint`: what can create identities (m of them); `contain`: revoke and quarantine alone. */
export const OPERATOR_ROLES = ["mint", "contain"] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

export const operatorEntry = struct({
  name: text(TEXT_BYTES_MAX),
  publicKey: key32,
  roles: list(keyword(OPERATOR_ROLES), OPERATOR_ROLES.length),
  notBeforeMs: u64,
  notAfterMs: u64,
});
export type OperatorEntry = Infer<typeof operatorEntry>;

export const oracleEntry = struct({ id: oracleId, voteKey: key32 });
export type OracleEntry = Infer<typeof oracleEntry>;

/** A roster (SPEC section 1): who takes part, signed, numbered and chained to its predecessor by hash. */
export const roster = struct({
  version: constant(1),
  trustDomain: text(TEXT_BYTES_MAX),
  issuer: urlText,
  serial: u64,
  previous: hash32,
  operators: list(operatorEntry, OPERATORS_MAX),
  mintThreshold: u8,
  oracles: list(oracleEntry, ORACLES_MAX),
  quorum: u8,
  byzantineMax: u8,
});
export type Roster = Infer<typeof roster>;

export const rosterSignature = struct({ publicKey: key32, signature: signature64 });
export const signedRoster: Codec<SignedRoster> = struct({
  roster,
  signatures: list(rosterSignature, OPERATORS_MAX),
});
export interface SignedRoster {
  readonly roster: Roster;
  readonly signatures: readonly Infer<typeof rosterSignature>[];
}

export const NO_PREVIOUS: Hash = new Uint8Array(32);

/** The hash that votes sign and tickets pin. */
export const rosterHash: (value: Roster) => Hash = remembered((value) =>
  hashOf("ipse/v1/roster", roster, value),
);

/**
 * Structural rules: 2q - n > b, q <= n - b, q >= 2, oracles numbered 1..n,
 * distinct keys, 1 <= m <= minting operators. Throws ERR_ROSTER_INVALID naming the rule.
 */
export function checkRoster(value: Roster): void {
  const n = value.oracles.length;
  const { quorum: q, byzantineMax: b } = value;
  const rule = (holds: boolean, sentence: string): void => check(holds, "ERR_ROSTER_INVALID", sentence);
  rule(/^[a-z0-9._-]{1,255}$/.test(value.trustDomain), "the trust domain is not a SPIFFE trust domain name");
  rule(q >= 2, "the quorum must be at least 2");
  rule(2 * q - n > b, `2q - n > b does not hold for n=${n} q=${q} b=${b}`);
  rule(q <= n - b, `q <= n - b does not hold for n=${n} q=${q} b=${b}`);
  value.oracles.forEach((entry, index) => {
    rule(entry.id === index + 1, "oracles must be numbered 1..n in order");
  });
  const keys = [...value.oracles.map((o) => o.voteKey), ...value.operators.map((o) => o.publicKey)].map(
    toHex,
  );
  rule(new Set(keys).size === keys.length, "a key stands twice");
  const minting = value.operators.filter((entry) => entry.roles.includes("mint")).length;
  rule(
    value.mintThreshold >= 1 && value.mintThreshold <= minting,
    "the mint threshold m exceeds the minting operators",
  );
  rule(
    value.operators.every((entry) => entry.notBeforeMs < entry.notAfterMs),
    "an operator's validity is empty",
  );
}

/** The bytes operators sign for a roster. */
export const rosterSigningInput: (value: Roster) => Uint8Array = remembered((value) =>
  signingInput("ipse/v1/roster-signature", roster, value),
);

/**
 * Checks a roster and m minting signatures of the operators `by` (its own for the
 * first of a chain, its predecessor's after that).
 * Throws ERR_ROSTER_INVALID, ERR_ROSTER_SIGNATURE or ERR_ROSTER_CHAIN.
 */
export function verifyRoster(group: Group, signed: SignedRoster, previous?: Roster): Hash {
  checkRoster(signed.roster);
  if (previous === undefined) {
    check(
      compareBytes(signed.roster.previous, NO_PREVIOUS) === 0,
      "ERR_ROSTER_CHAIN",
      "the predecessor roster is missing",
    );
  } else {
    const linked = compareBytes(signed.roster.previous, rosterHash(previous)) === 0;
    check(
      linked && signed.roster.serial === previous.serial + 1,
      "ERR_ROSTER_CHAIN",
      "the roster does not follow its predecessor",
    );
  }
  const by = previous ?? signed.roster;
  const signers = new Set<string>();
  for (const { publicKey, signature } of signed.signatures) {
    const known = by.operators.some(
      (o) => o.roles.includes("mint") && compareBytes(o.publicKey, publicKey) === 0,
    );
    check(known, "ERR_ROSTER_SIGNATURE", "a signature by somebody who is not a minting operator");
    check(!signers.has(toHex(publicKey)), "ERR_ROSTER_SIGNATURE", "an operator signed twice");
    const good = group.ed25519.verify(publicKey, rosterSigningInput(signed.roster), signature);
    check(good, "ERR_ROSTER_SIGNATURE", "an operator's signature does not verify");
    signers.add(toHex(publicKey));
  }
  check(
    signers.size >= by.mintThreshold,
    "ERR_ROSTER_SIGNATURE",
    `fewer than m=${by.mintThreshold} operators signed`,
  );
  return rosterHash(signed.roster);
}

/** The vote key of an oracle, undefined when the roster has no such oracle. */
export function voteKeyOf(value: Roster, id: number): Uint8Array | undefined {
  return value.oracles[id - 1]?.voteKey;
}

/** Bytes of a roster's canonical encoding. */
export function encodeRoster(value: Roster): Uint8Array {
  return encode(roster, value);
}
