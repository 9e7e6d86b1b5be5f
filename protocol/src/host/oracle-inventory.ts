import { compareBytes, concatBytes } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import type { PeerMessage } from "../wire/peer.ts";
import { offeredItems } from "./offered-items.ts";
import type { OracleCore } from "./oracle-core.ts";

const PAGE_HASHES = 4096;
/** Pages one peer is shown: more than 200 000 items. Which ones, where there are more, is another choice each time. */
export const INVENTORY_PAGES_MAX = 49;

/**
 * Shows one peer the hashes of everything on offer (offered-items.ts), page by page, no faster than the peer takes
 * them and without holding more than one page. What comes to be meanwhile is gossiped anyway. Hashes come in order
 * from a random one on and around: if there are too many, each connection shows others.
 */
export class InventoryOffer {
  readonly #core: Pick<OracleCore, "options">;
  readonly #oracle: number;
  readonly #from: Hash;
  #after: Uint8Array | undefined;
  /** Past the last hash: what is left comes before the one it began with. */
  #around = false;
  #hashes: Hash[] = [];
  #over = false;
  #page = 0;
  #reading = false;
  #ended = false;

  constructor(core: Pick<OracleCore, "options">, oracle: number) {
    this.#core = core;
    this.#oracle = oracle;
    this.#from = core.options.entropy.random(32);
    this.#after = this.#from;
  }

  /** The peer is gone. */
  end(): void {
    this.#ended = true;
  }

  /** Goes on where the peer's queue was full, and at the start. */
  pump(): void {
    if (this.#ended || this.#reading) return;
    if (!this.#over && this.#hashes.length < PAGE_HASHES) return this.#read();
    const last = this.#over || this.#page + 1 === INVENTORY_PAGES_MAX;
    const pages = this.#page + (last ? 1 : 2);
    const message: PeerMessage = { kind: "inventory", page: this.#page, pages, hashes: this.#hashes };
    if (!this.#core.options.peers.send(this.#oracle, message)) return;
    this.#hashes = [];
    this.#page += 1;
    if (last) this.#ended = true;
    else this.#read();
  }

  #read(): void {
    this.#reading = true;
    const limit = PAGE_HASHES - this.#hashes.length;
    const past = this.#after && concatBytes(offeredItems.prefix, this.#after);
    this.#core.options.store.page(offeredItems.prefix, limit, past, (keys) => {
      this.#reading = false;
      for (const key of keys) {
        this.#after = key.slice(offeredItems.prefix.length);
        if (this.#around && compareBytes(this.#after, this.#from) > 0) this.#over = true;
        else this.#hashes.push(this.#after);
      }
      if (keys.length < limit) {
        if (this.#around) this.#over = true;
        this.#around = true;
        this.#after = undefined;
      }
      this.pump();
    });
  }
}
