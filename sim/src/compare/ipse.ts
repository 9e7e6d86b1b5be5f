import { runOne } from "../campaign/run-one.ts";
import { Prng } from "../core/index.ts";
import { copiedFile, copiedMemory } from "./copied-file.ts";
import { type Attack, HOUR, MINUTE } from "./params.ts";
import type { Theft } from "./play.ts";

const SETTING = { topology: { oracles: 4, quorum: 3, byzantine: 1 }, heartbeatMs: 10_000 };
/** Longest life of an access token; a service that introspects refuses it as soon as the fork is found. */
const TOKEN_MS = 5 * MINUTE;

/**
 * Ipse is not modeled: the production machines are run, with an idle victim. A copy of
 * file or memory can sign until its victim's next contact; a token that was in the
 * copied memory, with its DPoP key, works at services that check tokens offline until
 * it expires. Neither wire nor log shows a usable token.
 */
export function playIpse(attack: Attack, seed: string): Theft {
  if (attack === "token-on-wire" || attack === "token-in-log")
    return { usableMs: 0, detectedMs: undefined, endedBy: "nothing taken" };
  const memory = attack !== "secret-file";
  const result = runOne(memory ? copiedMemory : copiedFile, `compare-${seed}`, {
    setting: SETTING,
    wire: false,
  });
  const detectedMs = result.detectionMs;
  if (detectedMs === undefined) return { usableMs: HOUR * 10_000, detectedMs, endedBy: "nothing" };
  const tokenMs = memory ? new Prng(`${seed}/token`).unit() * TOKEN_MS : 0;
  return {
    usableMs: Math.max(detectedMs, tokenMs),
    detectedMs,
    endedBy: tokenMs > detectedMs ? "expiry" : "detection",
  };
}
