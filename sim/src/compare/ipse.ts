import { runOne } from "../campaign/run-one.ts";
import { Prng } from "../core/index.ts";
import { copiedFile, copiedMemory } from "./copied-file.ts";
import { type Attack, MODELS, type ModelParams } from "./params.ts";
import type { Theft } from "./play.ts";
import { seenToken } from "./seen-token.ts";

const TOPOLOGY = { oracles: 4, quorum: 3, byzantine: 1 };

function own(): ModelParams {
  const found = MODELS.find(({ id }) => id === "ipse");
  if (found === undefined) throw new RangeError("the table has no row for Ipse");
  return found;
}

function playSeen(wire: boolean, seed: string): Theft {
  let usableMs = Number.POSITIVE_INFINITY;
  const scenario = seenToken(wire, (ms) => {
    usableMs = ms;
  });
  runOne(scenario, `compare-${seed}`, { setting: { topology: TOPOLOGY }, wire: false });
  return { usableMs, detectedMs: undefined, endedBy: usableMs === 0 ? "nothing taken" : "nothing" };
}

/**
 * Ipse is not modeled: the production machines are run, with an idle victim. A copy of
 * file or memory can sign until its victim's next contact; a token that was in the
 * copied memory, with its DPoP key, works at services that check tokens offline until
 * it expires. A token that was seen is tried at a resource that runs the production verifier.
 */
export function playIpse(attack: Attack, seed: string): Theft {
  if (attack === "token-on-wire" || attack === "token-in-log")
    return playSeen(attack === "token-on-wire", seed);
  const { identityRotationMs: heartbeatMs = 0, accessLifetimeMs = 0 } = own();
  const memory = attack !== "secret-file";
  const result = runOne(memory ? copiedMemory : copiedFile, `compare-${seed}`, {
    setting: { topology: TOPOLOGY, heartbeatMs },
    wire: false,
  });
  const detectedMs = result.detectionMs;
  if (detectedMs === undefined) return { usableMs: Number.POSITIVE_INFINITY, detectedMs, endedBy: "nothing" };
  const tokenMs = memory ? new Prng(`${seed}/token`).unit() * accessLifetimeMs : 0;
  return {
    usableMs: Math.max(detectedMs, tokenMs),
    detectedMs,
    endedBy: tokenMs > detectedMs ? "expiry" : "detection",
  };
}
