import type { Hash } from "../encoding/index.ts";
import { CEREMONIES_ABORTED_KEPT } from "../limits.ts";
import type { CeremonyBook } from "./ceremony-book.ts";
import type { OracleCore } from "./oracle-core.ts";
import { type Mutation, put, remove } from "./table.ts";

/** How past ceremonies ended: the message that tells a peer which has not heard. */
export class PoolArchive {
  readonly #core: OracleCore;
  readonly #book: CeremonyBook;
  /** Oldest first. */
  #aborted: Hash[] = [];

  constructor(core: OracleCore, book: CeremonyBook) {
    this.#core = core;
    this.#book = book;
  }

  load(): void {
    const rows = this.#core.view.scan(this.#book.aborted, 2 * CEREMONIES_ABORTED_KEPT);
    this.#aborted = rows.sort(([, a], [, b]) => a.endedAtMs - b.endedAtMs).map(([id]) => id);
  }

  /** This oracle's last message of a ceremony that is over. */
  end(id: Hash): Uint8Array | undefined {
    const { view } = this.#core;
    const { certified, aborted } = this.#book;
    return (view.get(certified, id) ?? view.get(aborted, id))?.payload;
  }

  put(id: Hash, phase: "certified" | "aborted", payload: Uint8Array): Mutation[] {
    const end = { endedAtMs: this.#core.options.clock.nowMs(), payload };
    if (phase === "certified") return [put(this.#book.certified, id, end)];
    this.#aborted.push(id);
    const dropped = this.#aborted.splice(0, Math.max(0, this.#aborted.length - CEREMONIES_ABORTED_KEPT));
    return [put(this.#book.aborted, id, end), ...dropped.map((old) => remove(this.#book.aborted, old))];
  }
}
