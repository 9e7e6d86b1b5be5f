import {
  constant,
  type Infer,
  keyword,
  list,
  optional,
  signingInput,
  struct,
  u32,
} from "../encoding/index.ts";
import { hash32, oracleId, salt32 } from "../ids.ts";
import { UNDECIDED_HEADERS_MAX } from "../limits.ts";
import { certifiedHeader } from "./certified.ts";
import { signedHeader } from "./header.ts";

/** active: signs. suspect: fork seen, evidence being made. quarantined: an operator decides. revoked, ended: for ever. */
export const INSTANCE_STATUSES = ["active", "suspect", "quarantined", "revoked", "ended"] as const;
export type InstanceStatus = (typeof INSTANCE_STATUSES)[number];

/** What an oracle answers to STATUS, signed over the challenge. The workload counts only what proves itself. */
export const statusAnswer = struct({
  version: constant(1),
  oracle: oracleId,
  instance: hash32,
  challenge: salt32,
  status: keyword(INSTANCE_STATUSES),
  release: u32,
  head: optional(certifiedHeader),
  /** Every stored header above the head, voted or not. */
  above: list(signedHeader, UNDECIDED_HEADERS_MAX),
});
export type StatusAnswer = Infer<typeof statusAnswer>;

export function statusInput(value: StatusAnswer): Uint8Array {
  return signingInput("ipse/v1/status", statusAnswer, value);
}
