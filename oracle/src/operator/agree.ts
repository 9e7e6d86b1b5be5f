import type { Answer } from "./read.ts";

/** What enough oracles say about one thing, and who says otherwise. */
export interface Agreed<T> {
  readonly value: T;
  readonly saidBy: readonly number[];
}

export interface Disputed<T> {
  readonly key: string;
  readonly claims: readonly Agreed<T>[];
}

export interface Merged<T> {
  readonly agreed: readonly Agreed<T>[];
  /** No claim has b+1 oracles behind it: somebody lags, or lies. */
  readonly disputed: readonly Disputed<T>[];
}

/** Equal claims put together, the one most oracles make first; `rank` breaks ties (higher first). */
function claimsOf<T>(
  answers: readonly Answer<T>[],
  compare: (value: T) => string,
  rank: (value: T) => number,
): Agreed<T>[] {
  const claims = new Map<string, { value: T; saidBy: number[] }>();
  for (const { oracle, value } of answers) {
    const text = compare(value);
    const claim = claims.get(text);
    if (claim === undefined) claims.set(text, { value, saidBy: [oracle] });
    else claim.saidBy.push(oracle);
  }
  return [...claims.values()].sort(
    (a, b) => rank(b.value) - rank(a.value) || b.saidBy.length - a.saidBy.length,
  );
}

/**
 * Merges the lists that oracles gave: an item counts when `need` of them (b+1: at least one honest) say the
 * same about it. Where several claims reach that, the one of the highest rank wins.
 */
export function mergeLists<T>(
  answers: readonly Answer<readonly T[]>[],
  need: number,
  keyOf: (item: T) => string,
  compare: (item: T) => string,
  rank: (item: T) => number = () => 0,
): Merged<T> {
  const byKey = new Map<string, Answer<T>[]>();
  for (const { oracle, value } of answers) {
    for (const item of value) {
      const said = byKey.get(keyOf(item)) ?? [];
      said.push({ oracle, value: item });
      byKey.set(keyOf(item), said);
    }
  }
  const agreed: Agreed<T>[] = [];
  const disputed: Disputed<T>[] = [];
  for (const [key, said] of [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const claims = claimsOf(said, compare, rank);
    const winner = claims.find(({ saidBy }) => saidBy.length >= need);
    if (winner !== undefined) agreed.push(winner);
    else disputed.push({ key, claims });
  }
  return { agreed, disputed };
}

/** The largest number that at least `need` answers reach; 0 when there are fewer answers. */
export function reachedBy(numbers: readonly number[], need: number): number {
  return [...numbers].sort((a, b) => b - a)[need - 1] ?? 0;
}
