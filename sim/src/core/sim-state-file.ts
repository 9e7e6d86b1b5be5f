import type { StateFile } from "@ipse/protocol/host";
import type { EventQueue } from "./event-queue.ts";
import type { Prng } from "./prng.ts";
import type { DiskFaults } from "./sim-store.ts";

/** The agent's state file on a simulated disk. The rename is atomic: a torn write leaves the old file. */
export class SimStateFile implements StateFile {
  readonly #queue: EventQueue;
  readonly #prng: Prng;
  #content: Uint8Array | undefined;
  #epoch = 0;
  #beforeLie: Uint8Array | undefined;
  #lying = false;
  readonly faults: DiskFaults = { full: false, lyingFsync: false };
  latencyMs = 0.5;
  saves = 0;
  /** Decides over save number n: go on, or the power goes (before or after the rename). */
  onSave: ((save: number) => "proceed" | "lose" | "keep-then-crash") | undefined;
  /** Whether this run leaves such a crash out. */
  skips: () => boolean = () => false;
  /** Told of every file as it becomes durable. */
  onDurable: ((bytes: Uint8Array) => void) | undefined;
  /** Called when `onSave` decided for a crash. */
  onCrash: (() => void) | undefined;
  /** Negative control "skipped write-ahead": `done` comes before the file is safe. */
  earlyDone = false;

  constructor(queue: EventQueue, prng: Prng, content?: Uint8Array) {
    this.#queue = queue;
    this.#prng = prng;
    this.#content = content?.slice();
  }

  load(): Uint8Array | undefined {
    return this.#content?.slice();
  }

  save(bytes: Uint8Array, done: (error: Error | undefined) => void): void {
    const epoch = this.#epoch;
    const copy = bytes.slice();
    const drawn = this.onSave?.(++this.saves) ?? "proceed";
    const fate = drawn !== "proceed" && this.skips() ? "proceed" : drawn;
    if (this.earlyDone) this.#queue.after(0, () => (epoch === this.#epoch ? done(undefined) : undefined));
    this.#queue.after(this.latencyMs * (0.5 + this.#prng.unit()), () => {
      if (epoch !== this.#epoch) return;
      if (fate === "lose") return this.onCrash?.();
      if (this.faults.full) return done(new Error("no space left on the simulated disk"));
      if (this.faults.lyingFsync && !this.#lying) {
        this.#lying = true;
        this.#beforeLie = this.#content;
      }
      this.#content = copy;
      this.onDurable?.(copy);
      if (fate === "keep-then-crash") return this.onCrash?.();
      if (!this.earlyDone) done(undefined);
    });
  }

  crash(): void {
    this.#epoch++;
    if (!this.#lying) return;
    this.#content = this.#beforeLie;
    this.#lying = false;
  }

  /** A copy of the file, as `cp` or a backup would make it. */
  image(): Uint8Array | undefined {
    return this.load();
  }

  restore(image: Uint8Array | undefined): void {
    this.#epoch++;
    this.#content = image?.slice();
  }
}
