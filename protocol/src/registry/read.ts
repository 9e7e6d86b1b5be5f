import { equalBytes } from "../bytes.ts";
import {
  constant,
  hashOf,
  type Infer,
  optional,
  signingInput,
  struct,
  text,
  u16,
  u64,
  union,
} from "../encoding/index.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { hash32, key32, oracleId, salt32, signature64, spiffeId } from "../ids.ts";
import { SPIFFE_ID_BYTES_MAX, URL_BYTES_MAX } from "../limits.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import { type Roster, rosterHash, voteKeyOf } from "./roster.ts";

/** Entries of one page of a list. */
export const READ_PAGE_MAX = 500;

const limit = u16;

/** What operators may ask an oracle for. Lists go in pages: `after` is the last entry of the page before. */
export const readQuery = union({
  instances: [1, struct({ limit, after: optional(hash32), spiffeId: optional(spiffeId) })],
  instance: [2, struct({ instance: hash32 })],
  history: [3, struct({ instance: hash32, limit, belowSeq: optional(u64) })],
  evidence: [4, struct({ instance: hash32 })],
  workloads: [5, struct({ limit, after: optional(text(SPIFFE_ID_BYTES_MAX)) })],
  resources: [6, struct({ limit, after: optional(text(URL_BYTES_MAX)) })],
  status: [7, struct({})],
});
export type ReadQuery = Infer<typeof readQuery>;

/** An operator's question to ONE oracle: nobody can carry it to another oracle or ask it again later. */
export const readRequest = struct({
  version: constant(1),
  rosterHash: hash32,
  oracle: oracleId,
  nonce: salt32,
  timeMs: u64,
  query: readQuery,
});
export type ReadRequest = Infer<typeof readRequest>;

export const signedReadRequest = struct({ request: readRequest, operator: key32, signature: signature64 });
export type SignedReadRequest = Infer<typeof signedReadRequest>;

export function readRequestInput(value: ReadRequest): Uint8Array {
  return signingInput("ipse/v1/read-request", readRequest, value);
}

/** What an oracle's vote key signs for an answer: the question, its own time and the SHA-256 of the body. */
const readAnswer = struct({
  version: constant(1),
  oracle: oracleId,
  request: hash32,
  timeMs: u64,
  bodyHash: hash32,
});

/** The bytes the vote key signs for an answer to `request`. */
export function readAnswerInput(request: ReadRequest, timeMs: number, bodyHash: Uint8Array): Uint8Array {
  return signingInput("ipse/v1/read-answer", readAnswer, {
    version: 1,
    oracle: request.oracle,
    request: hashOf("ipse/v1/read-request-hash", readRequest, request),
    timeMs,
    bodyHash,
  });
}

/** Checks an operator's question as the oracle it is for. Any role may read. Throws ERR_READ_*. */
export function verifyReadRequest(
  group: Group,
  roster: Roster,
  oracle: number,
  nowMs: number,
  signed: SignedReadRequest,
): void {
  const { request, operator, signature } = signed;
  const ours = equalBytes(request.rosterHash, rosterHash(roster)) && request.oracle === oracle;
  check(ours, "ERR_READ_ORACLE", "the request is for another oracle or roster");
  const entry = roster.operators.find((one) => equalBytes(one.publicKey, operator));
  const valid = entry !== undefined && entry.notBeforeMs <= nowMs && nowMs < entry.notAfterMs;
  check(valid, "ERR_READ_SIGNER", "the request is by nobody who is an operator now");
  const fresh = Math.abs(nowMs - request.timeMs) <= TOLERANCES.readMs;
  check(fresh, "ERR_READ_TIME", "the request's time is too far from this oracle's clock");
  const good = group.ed25519.verify(operator, readRequestInput(request), signature);
  check(good, "ERR_READ_SIGNATURE", "the request's signature does not verify");
}

/** Checks an oracle's answer to our own question. Throws ERR_READ_ANSWER. */
export function verifyReadAnswer(
  group: Group,
  roster: Roster,
  request: ReadRequest,
  answer: { readonly timeMs: number; readonly bodyHash: Uint8Array; readonly signature: Uint8Array },
): void {
  const key = voteKeyOf(roster, request.oracle);
  const input = readAnswerInput(request, answer.timeMs, answer.bodyHash);
  const good = key !== undefined && group.ed25519.verify(key, input, answer.signature);
  check(good, "ERR_READ_ANSWER", `the answer is not signed by oracle ${request.oracle}`);
}
