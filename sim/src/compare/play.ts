import { EventQueue, type Prng } from "../core/index.ts";
import { type Attack, HORIZON_MS, type ModelParams, THIEF_ACTS_MS_MEAN } from "./params.ts";

/** What one theft came to. */
export interface Theft {
  /** How long the thief could use what it took; Infinity: until somebody notices by other means. */
  readonly usableMs: number;
  /** When the theft came to light; undefined: never. */
  readonly detectedMs: number | undefined;
  readonly endedBy: "nothing taken" | "expiry" | "rotation" | "detection" | "nothing";
}

interface Loot {
  readonly identity: boolean;
  readonly access: boolean;
}

function lootOf(model: ModelParams, attack: Attack): Loot {
  const { identityIn: where, accessLifetimeMs, accessBound } = model;
  const bearerToken = accessLifetimeMs !== undefined && !accessBound;
  switch (attack) {
    case "secret-file":
      return { identity: where.includes("file"), access: false };
    case "process-memory":
    case "state-clone":
      // A key that never leaves its hardware is not in a copy; what was fetched with it is.
      return {
        identity: where.includes("file") || where.includes("memory"),
        access: accessLifetimeMs !== undefined,
      };
    case "token-on-wire":
      return { identity: where.includes("wire"), access: bearerToken };
    case "token-in-log":
      return { identity: where.includes("log"), access: bearerToken };
  }
}

/** Plays one theft on a small timeline: the victim rotates and refreshes on its schedule, the thief acts soon. */
export function play(model: ModelParams, attack: Attack, prng: Prng): Theft {
  const loot = lootOf(model, attack);
  const queue = new EventQueue();
  const captured = model.replayWindowMs > 0 && (attack === "token-on-wire" || attack === "token-in-log");
  if (!loot.identity && !loot.access && !captured)
    return { usableMs: 0, detectedMs: undefined, endedBy: "nothing taken" };
  let identity = loot.identity;
  let accessUntil = loot.access
    ? prng.unit() * (model.accessLifetimeMs ?? 0)
    : captured
      ? model.replayWindowMs
      : 0;
  let detectedMs: number | undefined;
  let rotated = false;
  const stop = (): void => {
    identity = false;
  };
  if (identity && model.identityRotationMs !== undefined && !model.renewsItself) {
    queue.at(prng.unit() * model.identityRotationMs, () => {
      rotated = true;
      if (model.accessLifetimeMs !== undefined)
        accessUntil = Math.max(accessUntil, queue.now + model.accessLifetimeMs);
      stop();
    });
  }
  if (identity && model.detection !== "none" && model.refreshMs !== undefined) {
    const thiefActs = prng.exponential(Math.min(THIEF_ACTS_MS_MEAN, model.refreshMs / 4));
    const victimActs = prng.unit() * model.refreshMs;
    // Whoever comes second shows the older credential: that is when it comes to light.
    queue.at(Math.max(thiefActs, victimActs), () => {
      detectedMs = queue.now;
      if (model.accessLifetimeMs !== undefined && !model.accessBound)
        accessUntil = Math.max(accessUntil, queue.now + prng.unit() * model.accessLifetimeMs);
      stop();
    });
  }
  while (identity && queue.step(HORIZON_MS)) {
    // until the identity credential is worthless
  }
  if (identity) return { usableMs: Number.POSITIVE_INFINITY, detectedMs, endedBy: "nothing" };
  const usableMs = Math.max(accessUntil, loot.identity ? queue.now : 0);
  const endedBy = detectedMs !== undefined ? "detection" : rotated ? "rotation" : "expiry";
  return { usableMs, detectedMs, endedBy };
}
