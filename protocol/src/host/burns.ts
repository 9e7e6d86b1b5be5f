import { struct, u64 } from "../encoding/index.ts";
import type { OracleCore } from "./oracle-core.ts";
import { putOnce, remove, table } from "./table.ts";

const SWEEP_MS = 60_000;
const SWEEP_ROWS = 4096;

const burned = table("burned", struct({ untilMs: u64 }));

/** Things that may be used once (assertion and proof `jti`s): durable before anything depends on it, swept when they expire. */
export class Burns {
  readonly #core: OracleCore;
  #cancel: (() => void) | undefined;
  #cursor: Uint8Array | undefined;

  constructor(core: OracleCore) {
    this.#core = core;
  }

  start(): void {
    this.#cancel = this.#core.options.timers.after(SWEEP_MS, () => {
      this.#sweep();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  burn(key: Uint8Array, untilMs: number, done: (fresh: boolean) => void): void {
    const { view } = this.#core;
    if (view.get(burned, key) !== undefined) return view.afterPending(() => done(false));
    view.submit([putOnce(burned, key, { untilMs })], () => done(true));
  }

  #sweep(): void {
    const { view, options } = this.#core;
    const rows = view.scan(burned, SWEEP_ROWS, undefined, this.#cursor);
    this.#cursor = rows.length < SWEEP_ROWS ? undefined : rows.at(-1)?.[0];
    const over = rows.filter(([, { untilMs }]) => untilMs < options.clock.nowMs());
    if (over.length > 0)
      view.submit(
        over.map(([key]) => remove(burned, key)),
        () => undefined,
      );
  }
}
