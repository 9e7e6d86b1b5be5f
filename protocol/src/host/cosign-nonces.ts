import { toHex, zeroize } from "../bytes.ts";
import { commit, nonceGenerate, type SigningNonces } from "../frost/index.ts";
import type { Scalar } from "../group/group.ts";
import type { Judged } from "./cosign-judge.ts";
import type { HeldIssuerKey } from "./issuer-keyring.ts";
import type { OracleCore } from "./oracle-core.ts";

/** Live slots one coordinator may hold open here. */
const SLOTS_PER_PEER_MAX = 512;
/** How long a coordinator may take between the rounds. */
const SLOT_MS = 5_000;

/** Nonces for one share of one message, for one coordinator. */
export interface CosignSlot {
  readonly slotId: Uint8Array;
  readonly coordinator: number;
  readonly attempt: string;
  readonly key: HeldIssuerKey;
  readonly judged: Judged;
  readonly nonces: SigningNonces;
  readonly expiresAtMs: number;
}

/**
 * A co-signer's nonces (SPEC section 10): in this process's memory alone, so of this boot; each under one
 * issuer key, one request with its claims, one coordinator and one attempt. A slot is taken once, whole.
 */
export class CosignNonces {
  readonly #core: OracleCore;
  readonly #slots = new Map<string, CosignSlot>();
  readonly #perPeer = new Map<number, number>();

  constructor(core: OracleCore) {
    this.#core = core;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Fresh nonces for a judged message; undefined when this coordinator holds too many open. */
  create(
    coordinator: number,
    attempt: Uint8Array,
    key: HeldIssuerKey,
    judged: Judged,
    share: Scalar,
  ): CosignSlot | undefined {
    const { group, entropy, oracle, clock } = this.#core.options;
    const open = this.#perPeer.get(coordinator) ?? 0;
    if (open >= SLOTS_PER_PEER_MAX) return undefined;
    const draw = (): Scalar => nonceGenerate(group, entropy.random(32), share);
    const slot: CosignSlot = {
      slotId: entropy.random(16),
      coordinator,
      attempt: toHex(attempt),
      key,
      judged,
      nonces: commit(group, oracle, draw(), draw()),
      expiresAtMs: clock.monotonicMs() + SLOT_MS,
    };
    this.#slots.set(toHex(slot.slotId), slot);
    this.#perPeer.set(coordinator, open + 1);
    return slot;
  }

  /** What a slot is for; consumes nothing. */
  peek(coordinator: number, attempt: Uint8Array, slotId: Uint8Array): CosignSlot | undefined {
    const slot = this.#slots.get(toHex(slotId));
    const fits = slot?.coordinator === coordinator && slot.attempt === toHex(attempt);
    return fits && slot.expiresAtMs > this.#core.options.clock.monotonicMs() ? slot : undefined;
  }

  /** Takes a slot out for ever; the caller signs with it or wipes it. */
  take(slot: CosignSlot): boolean {
    if (!this.#slots.delete(toHex(slot.slotId))) return false;
    this.#perPeer.set(slot.coordinator, (this.#perPeer.get(slot.coordinator) ?? 1) - 1);
    return true;
  }

  /** Ends slots: the expired ones, or all of a coordinator that is gone. */
  drop(which: (slot: CosignSlot) => boolean): void {
    for (const slot of this.#slots.values()) {
      if (!which(slot) || !this.take(slot)) continue;
      zeroize(slot.nonces.hiding, slot.nonces.binding);
    }
  }

  expire(): void {
    const now = this.#core.options.clock.monotonicMs();
    this.drop((slot) => slot.expiresAtMs <= now);
  }
}
