import { selfOf } from "../session/oracle/cast-vote.ts";
import type { OracleMessage } from "../wire/session.ts";
import type { ReadyReasons } from "./oracle-api.ts";
import type { OracleCore } from "./oracle-core.ts";

/** What an oracle's parts say about themselves. */
interface Parts {
  readonly connected: number;
  readonly synced: boolean;
  readonly ownedKeys: number;
  /** Whether tokens can be signed, or need not be signed together. */
  readonly issuerKey: boolean;
}

/** Why an oracle is not ready, by part; empty means ready. */
export function readyReasons(core: OracleCore, parts: Parts): ReadyReasons {
  const { newest, broken, fenced } = core;
  const { connected, synced, ownedKeys, issuerKey } = parts;
  const reasons: { -readonly [K in keyof ReadyReasons]: string } = {};
  if (broken !== undefined) reasons.store = "a write failed; this process must end";
  if (fenced) reasons.roster = `fenced: ${selfOf(core.context()).fencedReason}`;
  if (connected < newest.quorum - 1)
    reasons.quorum = `${connected} of ${newest.quorum - 1} peers needed are connected`;
  else if (!synced) reasons.quorum = "re-reading peers after the start";
  if (ownedKeys === 0) reasons.pool = "no unreserved keys of mine in the pool";
  else if (!issuerKey) reasons.pool = "no issuer key yet";
  return reasons;
}

/** A refusal that asks to come back. */
export function busy(code: string, message: string, retryAfterMs: number): OracleMessage {
  return { kind: "refused", code, message, retryAfterMs, proof: undefined };
}
