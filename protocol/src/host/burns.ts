import { type Infer, struct, u64 } from "../encoding/index.ts";
import { ExpirySweep } from "./expiry-sweep.ts";
import type { OracleCore } from "./oracle-core.ts";
import { putOnce, table } from "./table.ts";

const burnedRecord = struct({ untilMs: u64 });
type Burned = Infer<typeof burnedRecord>;
const burned = table("burned", burnedRecord);

/** Things that may be used once (assertion and proof `jti`s): durable before anything depends on it, swept when they expire. */
export class Burns {
  readonly #core: OracleCore;
  readonly #sweep: ExpirySweep<Burned>;

  constructor(core: OracleCore) {
    this.#core = core;
    this.#sweep = new ExpirySweep(core, burned, ({ untilMs }) => untilMs);
  }

  start(): void {
    this.#sweep.start();
  }

  stop(): void {
    this.#sweep.stop();
  }

  burn(key: Uint8Array, untilMs: number, done: (fresh: boolean) => void): void {
    const { view } = this.#core;
    if (view.get(burned, key) !== undefined) return view.afterPending(() => done(false));
    view.submit([putOnce(burned, key, { untilMs })], () => done(true));
  }
}
