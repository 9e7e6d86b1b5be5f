/** A fault of the world, a frame that arrives, or a move of the script. */
export type DecisionKind = "fault" | "delivery" | "move";

/**
 * What a run decided, one by one, under names that mean the same in another run of
 * the same seed; and which of it this run leaves out. A shrinker works on it.
 */
export class Decisions {
  /** Names of what was not left out, in order. */
  readonly taken: string[] = [];
  readonly #without: ReadonlySet<string>;
  readonly #counts = new Map<string, number>();

  constructor(without: ReadonlySet<string> = new Set()) {
    this.#without = without;
  }

  /** Notes a decision; true: this run leaves it out. */
  skips(kind: DecisionKind, what: string): boolean {
    const subject = `${kind} ${what}`;
    const count = (this.#counts.get(subject) ?? 0) + 1;
    this.#counts.set(subject, count);
    const name = `${subject} #${count}`;
    if (this.#without.has(name)) return true;
    this.taken.push(name);
    return false;
  }
}
