import { TTL_SECONDS_MAX } from "../limits.ts";

/** How issuer keys come and go, each oracle by its own clock. */
export interface IssuerTimes {
  /** A new key stands in the JWKS for so long before anything is signed with it, so that caches have it. */
  readonly prepareMs: number;
  /** A key is replaced when it is so old. */
  readonly maxAgeMs: number;
  /** A replaced key stays in the JWKS for so long: until every token under it has expired. */
  readonly overlapMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
export const ISSUER_TIMES: IssuerTimes = {
  prepareMs: 15 * 60 * 1000,
  maxAgeMs: 30 * DAY_MS,
  overlapMs: (TTL_SECONDS_MAX + 600) * 1000,
};

/** How far oracles' clocks may differ about when a key's state changes. */
export const ISSUER_STATE_LEEWAY_MS = 120_000;

/** The operators' order to replace the key; `immediate`: the old one is not to be trusted any more. */
export interface RotationOrder {
  readonly issuedAtMs: number;
  readonly immediate: boolean;
}

interface Certified {
  /** By this oracle's clock. */
  readonly certifiedAtMs: number;
}

/** prepare -> active -> retiring -> retired. Exactly one key is active, unless there is none. */
export interface IssuerStates<K> {
  readonly active: K | undefined;
  /** In the JWKS, not yet signed with. Newest first. */
  readonly prepared: readonly K[];
  /** In the JWKS, no longer signed with. */
  readonly retiring: readonly K[];
  /** Out of the JWKS; its share may go. */
  readonly retired: readonly K[];
}

function isAbandoned(key: Certified, order: RotationOrder | undefined): boolean {
  return order?.immediate === true && key.certifiedAtMs < order.issuedAtMs;
}

/** Which state each key is in. Pure: every oracle computes it from what it holds and its clock. */
export function issuerStates<K extends Certified>(
  keys: readonly K[],
  order: RotationOrder | undefined,
  times: IssuerTimes,
  nowMs: number,
): IssuerStates<K> {
  const newestFirst = [...keys].sort((a, b) => b.certifiedAtMs - a.certifiedAtMs);
  const sound = newestFirst.filter((key) => !isAbandoned(key, order));
  const abandoned = newestFirst.filter((key) => isAbandoned(key, order));
  const oldest = sound.at(-1);
  const activeFrom = (key: K): number =>
    key === oldest ? key.certifiedAtMs : key.certifiedAtMs + times.prepareMs;
  const at = sound.findIndex((key) => activeFrom(key) <= nowMs);
  const active = at < 0 ? oldest : sound[at];
  if (active === undefined) return { active: undefined, prepared: [], retiring: [], retired: abandoned };
  const replaced = sound.slice(sound.indexOf(active) + 1);
  const until = activeFrom(active) + times.overlapMs;
  const over = nowMs >= until;
  return {
    active,
    prepared: sound.slice(0, sound.indexOf(active)),
    retiring: over ? [] : replaced,
    retired: [...(over ? replaced : []), ...abandoned],
  };
}

/** Whether a new key should be made: there is none, the newest is old, or the operators want another. */
export function issuerKeyDue(
  keys: readonly Certified[],
  order: RotationOrder | undefined,
  times: IssuerTimes,
  nowMs: number,
): boolean {
  if (keys.length === 0) return true;
  const newest = Math.max(...keys.map(({ certifiedAtMs }) => certifiedAtMs));
  if (nowMs >= newest + times.maxAgeMs) return true;
  return order !== undefined && order.issuedAtMs > newest && nowMs >= order.issuedAtMs;
}
