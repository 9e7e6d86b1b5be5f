import { equalBytes } from "../bytes.ts";
import { type Roster, voteKeyOf } from "../registry/roster.ts";
import { votesContradict } from "../session/evidence.ts";
import { selfOf } from "../session/oracle/cast-vote.ts";
import { onEquivocation, records } from "../session/oracle/index.ts";
import { type SignedVote, votesOf, voteVerifies } from "../session/vote.ts";
import type { OracleCore } from "./oracle-core.ts";
import { put } from "./table.ts";

/**
 * Keeps the newest vote of every oracle, my own included. Two votes of one oracle that contradict each other are
 * evidence; of mine, or one newer than my durable counter, they fence me (SPEC section 7).
 */
export class VoteWatch {
  readonly #core: OracleCore;
  readonly #newest = new Map<number, SignedVote>();
  readonly #unsaved = new Set<number>();

  constructor(core: OracleCore) {
    this.#core = core;
    for (const { id } of core.newest.oracles) {
      const vote = core.view.get(records.newestVotes, records.oracleKey(id));
      if (vote !== undefined) this.#newest.set(id, vote);
    }
  }

  newestOf(oracle: number): SignedVote | undefined {
    return this.#newest.get(oracle);
  }

  /** Takes in a vote that is mine, or that stands in a certificate I adopted: it verifies. */
  saw(signed: SignedVote): void {
    this.#take(signed, undefined);
  }

  /**
   * Takes in a vote that a peer shows. It is held against the newest of its oracle and against the certificate of its
   * very step, however long ago the instance moved on: one read.
   */
  shown(signed: SignedVote): void {
    const { instance, seq } = signed.vote;
    const certified = records.certifiedAt(this.#core.view, instance, seq);
    const cast = certified === undefined ? [] : votesOf(certified.qc);
    const { group } = this.#core.options;
    this.#take(
      signed,
      (roster) => voteVerifies(group, roster, signed),
      cast.find((other) => votesContradict(other, signed)),
    );
  }

  #take(
    signed: SignedVote,
    verifies: ((roster: Roster) => boolean) | undefined,
    certified?: SignedVote,
  ): void {
    const { vote } = signed;
    const roster = this.#core.roster(vote.rosterHash);
    if (roster === undefined || !this.#isCurrent(roster, vote.oracle)) return;
    const held = this.#newest.get(vote.oracle);
    const other = held !== undefined && votesContradict(held, signed) ? held : certified;
    if (other === undefined && held !== undefined && held.vote.counter >= vote.counter) return;
    if (verifies !== undefined && !verifies(roster)) return;
    const mine = vote.oracle === this.#core.options.oracle;
    if (other !== undefined) {
      this.#core.run((context) =>
        onEquivocation(context, roster, { version: 1, first: other, second: signed }),
      );
      if (mine) this.#fence("a peer showed two votes of mine that contradict each other");
      return;
    }
    if (mine && vote.counter > selfOf(this.#core.context()).counter)
      this.#fence(`a peer showed my own vote ${vote.counter}, newer than my durable counter`);
    this.#newest.set(vote.oracle, signed);
    this.#unsaved.add(vote.oracle);
  }

  /** Writes the newest votes that changed. */
  save(): void {
    if (this.#unsaved.size === 0) return;
    const saves = [...this.#unsaved].flatMap((oracle) => {
      const vote = this.#newest.get(oracle);
      return vote === undefined ? [] : [put(records.newestVotes, records.oracleKey(oracle), vote)];
    });
    this.#unsaved.clear();
    this.#core.view.submit(saves, () => undefined);
  }

  /** Whether a roster means by this number whom the newest one means: another vote key is another oracle. */
  #isCurrent(roster: Roster, oracle: number): boolean {
    if (roster === this.#core.newest) return true;
    const [named, current] = [voteKeyOf(roster, oracle), voteKeyOf(this.#core.newest, oracle)];
    return named !== undefined && current !== undefined && equalBytes(named, current);
  }

  #fence(reason: string): void {
    if (!this.#core.fenced) this.#core.fence(reason, () => undefined);
  }
}
