import { equalBytes } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { CEREMONIES_LIVE_MAX } from "../limits.ts";

/** A peer's first messages may overtake the proposal, which comes on another connection. */
export class PoolEarly {
  readonly #held = new Map<number, { ceremony: Hash; payload: Uint8Array }[]>();

  /** Keeps the newest few of each peer; what falls out is repeated by its sender. */
  keep(from: number, ceremony: Hash, payload: Uint8Array): void {
    const held = [...(this.#held.get(from) ?? []), { ceremony, payload }];
    this.#held.set(from, held.slice(-CEREMONIES_LIVE_MAX));
  }

  /** The messages of a ceremony that begins now, with their senders. */
  take(ceremony: Hash): [from: number, payload: Uint8Array][] {
    const out: [number, Uint8Array][] = [];
    for (const [from, held] of this.#held) {
      const rest = held.filter((message) => !equalBytes(message.ceremony, ceremony));
      for (const message of held) if (!rest.includes(message)) out.push([from, message.payload]);
      this.#held.set(from, rest);
    }
    return out;
  }

  drop(from: number): void {
    this.#held.delete(from);
  }
}
