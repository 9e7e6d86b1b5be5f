import type { OracleCore } from "./oracle-core.ts";
import { remove, type ScannedTable } from "./table.ts";

/** Between two passes over a table. */
const PASS_MS = 60_000;
/** A pass reads a few rows at a time, so that nothing waits long for it. */
const ROWS = 256;
const TURN_MS = 20;

/** Removes rows of a table that is scanned once their time is over, however many come in a minute. */
export class ExpirySweep<T> {
  readonly #core: OracleCore;
  readonly #table: ScannedTable<T>;
  readonly #untilMs: (row: T) => number;
  #cancel: (() => void) | undefined;
  #cursor: Uint8Array | undefined;

  /** `untilMs`: the last moment at which a row counts. */
  constructor(core: OracleCore, table: ScannedTable<T>, untilMs: (row: T) => number) {
    this.#core = core;
    this.#table = table;
    this.#untilMs = untilMs;
  }

  start(): void {
    const waitMs = this.#cursor === undefined ? PASS_MS : TURN_MS;
    this.#cancel = this.#core.options.timers.after(waitMs, () => {
      this.#turn();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  #turn(): void {
    const { view, options } = this.#core;
    const rows = view.scan(this.#table, ROWS, undefined, this.#cursor);
    this.#cursor = rows.length < ROWS ? undefined : rows.at(-1)?.[0];
    const now = options.clock.nowMs();
    const gone = rows.filter(([, row]) => this.#untilMs(row) < now).map(([key]) => remove(this.#table, key));
    if (gone.length > 0) view.submit(gone, () => undefined);
  }
}
