import { toHex } from "../bytes.ts";
import type { DealtKey, DkgOutput, DkgState } from "../dkg/index.ts";
import type { CeremonyBook } from "./ceremony-book.ts";
import type { OracleCore } from "./oracle-core.ts";
import type { CeremonyOrigin } from "./pool-outbox.ts";
import type { Mutation } from "./table.ts";

/** What a ceremony's outcome is for. */
export interface CeremonySink {
  /** Writes that belong to the certificate: durable with it. */
  keep(keys: readonly DealtKey[], oracles: number, origin: CeremonyOrigin): Mutation[];
  /** The keys are durable. */
  certified(keys: readonly DealtKey[], oracles: number): void;
  aborted(): void;
  /** Whether this oracle takes so many more keys of its own. */
  hasRoom(count: number): boolean;
}

/** Tells how ceremonies go: to whoever wants the keys, and to the log and the counters. */
export class CeremonyReporter {
  readonly #core: OracleCore;
  readonly #book: CeremonyBook;
  readonly #sink: CeremonySink;

  constructor(core: OracleCore, book: CeremonyBook, sink: CeremonySink) {
    this.#core = core;
    this.#book = book;
    this.#sink = sink;
  }

  count(what: string): void {
    this.#core.count(`${this.#book.name}_${what}_total`);
  }

  report({ id, initiator }: CeremonyOrigin, before: DkgState, { state, done, abort }: DkgOutput): void {
    const ceremony = toHex(id);
    if (done !== undefined) {
      this.#sink.certified(done, state.params.voteKeys.length);
      this.count("ceremonies_certified");
      this.#core.event({ level: "info", event: `${this.#book.name}.certified`, ceremony, keys: done.length });
    } else if (abort !== undefined && before.failure === undefined) {
      const { code, settled } = abort;
      const culprits = abort.culprits.join(",");
      this.#sink.aborted();
      this.count("ceremonies_aborted");
      const facts = { ceremony, initiator, code, culprits, settled };
      this.#core.event({ level: "warn", event: `${this.#book.name}.aborted`, ...facts });
    }
  }
}
