import { dpopNonceInput, dpopNonceStep, formatDpopNonce, parseDpopNonce } from "../oauth/dpop-nonce.ts";
import { rosterHash, voteKeyOf } from "../registry/roster.ts";
import type { OracleCore } from "./oracle-core.ts";

const REMEMBERED = 64;

/** Server nonces for DPoP proofs: made here, and recognized from every oracle of the newest roster. */
export class DpopNonceBook {
  readonly #core: OracleCore;
  readonly #rosterHash: Uint8Array;
  readonly #known = new Set<string>();
  #current: { readonly step: number; readonly text: string } | undefined;

  constructor(core: OracleCore) {
    this.#core = core;
    this.#rosterHash = rosterHash(core.newest);
  }

  current(): string {
    const { oracle, clock } = this.#core.options;
    const step = dpopNonceStep(clock.nowMs());
    if (this.#current?.step !== step) {
      const name = { oracle, rosterHash: this.#rosterHash, step };
      const text = formatDpopNonce(name, this.#core.voteKey.sign(dpopNonceInput(name)));
      this.#current = { step, text };
    }
    return this.#current.text;
  }

  /** Whether an oracle of this roster gave out this nonce of late. */
  accepts(nonce: string): boolean {
    const { newest, options } = this.#core;
    const parsed = parseDpopNonce(nonce, options.clock.nowMs());
    if (parsed === undefined) return false;
    if (this.#known.has(nonce)) return true;
    const { oracle, step, signature } = parsed;
    const key = voteKeyOf(newest, oracle);
    const input = dpopNonceInput({ oracle, rosterHash: this.#rosterHash, step });
    if (key === undefined || !options.group.ed25519.verify(key, input, signature)) return false;
    this.#known.add(nonce);
    const [oldest] = this.#known;
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return true;
  }
}
