import { toHex } from "../bytes.ts";
import type { DealtKey } from "../dkg/index.ts";
import type { Hash } from "../encoding/index.ts";
import { poolShares } from "../session/oracle/records.ts";
import { freeKeys, poolKeys } from "./pool-records.ts";
import { type Mutation, put, type View } from "./table.ts";

const PAGE_ROWS = 1024;
/** More keys than the pool ever makes; a bound on what a start reads. */
const ROWS_MAX = 64 * PAGE_ROWS;

/** The unreserved keys this oracle owns, in memory: a queue for each roster. */
export class PoolKeys {
  readonly #view: View;
  readonly #free = new Map<string, Hash[]>();
  #total = 0;

  constructor(view: View) {
    this.#view = view;
  }

  load(): void {
    this.#free.clear();
    let after: Uint8Array | undefined;
    for (let rows = 0; rows < ROWS_MAX; rows += PAGE_ROWS) {
      const page = this.#view.scan(freeKeys, PAGE_ROWS, undefined, after);
      for (const [id, { rosterHash }] of page) this.#queue(rosterHash).push(id);
      after = page.at(-1)?.[0];
      if (page.length < PAGE_ROWS) break;
    }
    this.count();
  }

  #queue(rosterHash: Hash): Hash[] {
    const name = toHex(rosterHash);
    const queue = this.#free.get(name) ?? [];
    this.#free.set(name, queue);
    return queue;
  }

  owned(rosterHash: Hash): number {
    return this.#free.get(toHex(rosterHash))?.length ?? 0;
  }

  /** Unspent keys of all owners, as of the last count. */
  get total(): number {
    return this.#total;
  }

  count(): void {
    let after: Uint8Array | undefined;
    let total = 0;
    while (total < ROWS_MAX) {
      const page = this.#view.scan(poolShares, PAGE_ROWS, undefined, after);
      for (const [, { share }] of page) share.fill(0);
      total += page.length;
      after = page.at(-1)?.[0];
      if (page.length < PAGE_ROWS) break;
    }
    this.#total = total;
  }

  /** Takes an unreserved key out of the queue; the caller makes that durable. */
  take(rosterHash: Hash): Hash | undefined {
    return this.#queue(rosterHash).shift();
  }

  /** Writes that keep a ceremony's keys; `add` makes the owned ones available once they are durable. */
  mutations(keys: readonly DealtKey[], oracle: number, oracles: number): Mutation[] {
    return keys.flatMap(({ id, poolKey, share }) => {
      const kept = [put(poolShares, id, { share })];
      if (ownerOf(poolKey.index, oracles) !== oracle) return kept;
      return [...kept, put(poolKeys, id, poolKey), put(freeKeys, id, { rosterHash: poolKey.rosterHash })];
    });
  }

  add(keys: readonly DealtKey[], oracle: number, oracles: number): void {
    for (const { id, poolKey } of keys) {
      if (ownerOf(poolKey.index, oracles) === oracle) this.#queue(poolKey.rosterHash).push(id);
    }
    this.#total += keys.length;
  }
}

/** The oracle that alone reserves a key, by its index in the ceremony. */
function ownerOf(index: number, oracles: number): number {
  return (index % oracles) + 1;
}
