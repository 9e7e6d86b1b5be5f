import {
  bool,
  carried,
  constant,
  type Hash,
  hashOf,
  type Infer,
  keyword,
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

/** What is hashed and signed of one header, each made when it is asked for first. */
class HeaderInputs {
  readonly #header: Header;
  #hash: Hash | undefined;
  #chain: Uint8Array | undefined;
  #evidence: Uint8Array | undefined;

  constructor(value: Header) {
    this.#header = value;
  }

  get hash(): Hash {
    this.#hash ??= hashOf("ipse/v1/header", header, this.#header);
    return this.#hash;
  }

  get chain(): Uint8Array {
    this.#chain ??= signingInput("ipse/v1/header-chain", header, this.#header);
    return this.#chain;
  }

  get evidence(): Uint8Array {
    this.#evidence ??= signingInput("ipse/v1/header-evidence", header, this.#header);
    return this.#evidence;
  }
}

const inputsOf = carried((value: Header) => new HeaderInputs(value));

/** What votes, certificates and forks compare: never the signatures. Each header is asked for it many times. */
export function headerHash(value: Header): Hash {
  return inputsOf(value).hash;
}

/** The bytes the chain key signs. */
export function chainInput(value: Header): Uint8Array {
  return inputsOf(value).chain;
}

/** The bytes the evidence key signs; another tag, so that neither signature can stand for the other. */
export function evidenceInput(value: Header): Uint8Array {
  return inputsOf(value).evidence;
}
