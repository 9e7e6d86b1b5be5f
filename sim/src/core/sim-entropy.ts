import type { Entropy } from "@ipse/protocol/host";
import type { Prng } from "./prng.ts";

/** The kernel generator of one machine. A clone of the machine's memory may or may not copy its state. */
export class SimEntropy implements Entropy {
  readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  random(count: number): Uint8Array {
    return this.prng.bytes(count);
  }

  /** Another machine's generator that is, or is not, in the same state. */
  clone(name: string, sameState: boolean): SimEntropy {
    const prng = this.prng.fork(name);
    if (sameState) prng.state = this.prng.state;
    return new SimEntropy(prng);
  }
}
