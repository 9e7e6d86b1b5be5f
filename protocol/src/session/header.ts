import {
  bool,
  constant,
  type Hash,
  hashOf,
  type Infer,
  keyword,
  remembered,
  signingInput,
  struct,
  u32,
  u64,
} from "../encoding/index.ts";
import { hash32, key32, signature64 } from "../ids.ts";

/** The kinds of step. ENROLL is seq 0 alone; a ratchet may ride on SIGN and HEARTBEAT and is the whole of RATCHET. */
export const STEP_KINDS = ["enroll", "sign", "heartbeat", "ratchet", "end"] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** The header of one step (SPEC section 4). */
export const header = struct({
  version: constant(1),
  rosterHash: hash32,
  instance: hash32,
  seq: u64,
  parent: hash32,
  kind: keyword(STEP_KINDS),
  bodyHash: hash32,
  /** The body carries a ratchet: share_version is the parent's + 1 and the certificate needs q share_ok votes. */
  ratchet: bool,
  shareVersion: u32,
  groupEpoch: u32,
  identityKeyVersion: u32,
  nextChainKey: key32,
});
export type Header = Infer<typeof header>;

/** A header under the chain key of its seq (announced by the parent) and the instance's evidence key E. */
export const signedHeader = struct({ header, chainSignature: signature64, evidenceSignature: signature64 });
export type SignedHeader = Infer<typeof signedHeader>;

/** What votes, certificates and forks compare: never the signatures. Each header is asked for it many times. */
export const headerHash: (value: Header) => Hash = remembered((value) =>
  hashOf("ipse/v1/header", header, value),
);

/** The bytes the chain key signs. */
export const chainInput: (value: Header) => Uint8Array = remembered((value) =>
  signingInput("ipse/v1/header-chain", header, value),
);

/** The bytes the evidence key signs; another tag, so that neither signature can stand for the other. */
export const evidenceInput: (value: Header) => Uint8Array = remembered((value) =>
  signingInput("ipse/v1/header-evidence", header, value),
);
