import {
  constant,
  decode,
  encode,
  type Hash,
  hashOf,
  type Infer,
  list,
  refine,
  signingInput,
  struct,
  text,
  union,
} from "../encoding/index.ts";
import { hash32, key32, oracleId, scalar32, signature64 } from "../ids.ts";
import { CEREMONY_KEYS_MAX, ORACLES_MAX, THRESHOLD_MAX } from "../limits.ts";

/** Round 1, to all: for each key the commitments to the sender's polynomial and a proof that it knows f(0). */
export const round1 = struct({
  keys: list(struct({ commitments: list(key32, THRESHOLD_MAX), proof: signature64 }), CEREMONY_KEYS_MAX),
});
export type Round1 = Infer<typeof round1>;

/** Round 2, to one: for each key the recipient's value of the sender's polynomial. SECRET: sealed transport only. */
export const round2 = struct({ recipient: oracleId, shares: list(scalar32, CEREMONY_KEYS_MAX) });
export type Round2 = Infer<typeof round2>;

/** To all: the sender holds a correct share of every key and saw these broadcasts. The signature is one of the certificate's n. */
export const confirm = struct({
  transcript: hash32,
  root: hash32,
  /** Hashes of the Round 1 messages of oracles 1..n, to find out who told whom what when transcripts differ. */
  round1: list(hash32, ORACLES_MAX),
  signature: signature64,
});
export type Confirm = Infer<typeof confirm>;

const CODE_BYTES_MAX = 64;
const abortCode = refine(
  text(CODE_BYTES_MAX),
  (code) => /^ERR_DKG_[A-Z]+$/.test(code),
  "not a DKG error code",
);

/** Why a ceremony was given up, signed by the oracle that found out: it blames others and answers for that. */
export const accusation = struct({
  party: oracleId,
  code: abortCode,
  culprits: list(oracleId, ORACLES_MAX),
  signature: signature64,
});
export type Accusation = Infer<typeof accusation>;

/** To all: the sender gives the ceremony up, for its own reason or because another did. */
export const abort = struct({ accusation, signature: signature64 });
export type Abort = Infer<typeof abort>;

/** To one that lags: all n signatures. */
export const certificate = struct({ signatures: list(signature64, ORACLES_MAX) });

export const dkgBody = union({
  round1: [1, round1],
  round2: [2, round2],
  confirm: [3, confirm],
  abort: [4, abort],
  certificate: [5, certificate],
});
export type DkgBody = Infer<typeof dkgBody>;

/** One message of a ceremony, as `party` sends it. */
export const dkgMessage = struct({ version: constant(1), ceremony: hash32, party: oracleId, body: dkgBody });
export type DkgMessage = Infer<typeof dkgMessage>;

export function encodeDkgMessage(message: DkgMessage): Uint8Array {
  return encode(dkgMessage, message);
}

/** Throws ERR_ENCODING*. */
export function decodeDkgMessage(bytes: Uint8Array): DkgMessage {
  return decode(dkgMessage, bytes);
}

const round1Claim = struct({ ceremony: hash32, party: oracleId, round1 });

export function round1Hash(ceremony: Uint8Array, party: number, message: Round1): Hash {
  return hashOf("ipse/v1/dkg-round1", round1Claim, { ceremony, party, round1: message });
}

const accusationClaim = struct({
  ceremony: hash32,
  party: oracleId,
  code: abortCode,
  culprits: list(oracleId, ORACLES_MAX),
});

/** What the accuser's vote key signs. */
export function accusationInput(ceremony: Uint8Array, value: Omit<Accusation, "signature">): Uint8Array {
  const { party, code, culprits } = value;
  return signingInput("ipse/v1/dkg-accusation", accusationClaim, { ceremony, party, code, culprits });
}

const abortClaim = struct({ ceremony: hash32, party: oracleId });

/** What an oracle's vote key signs to give a ceremony up: it will not confirm it, nor complete it alone, any more. */
export function abortInput(ceremony: Uint8Array, party: number): Uint8Array {
  return signingInput("ipse/v1/dkg-abort", abortClaim, { ceremony, party });
}
