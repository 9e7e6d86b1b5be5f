import { byteKey, equalBytes, zeroize } from "../bytes.ts";
import { commit as commitNonces, nonceGenerate, type SigningNonces } from "../frost/index.ts";
import type { Group, Scalar } from "../group/group.ts";
import { NONCE_SLOT_MS, NONCE_SLOTS_MAX, NONCE_SLOTS_PER_INSTANCE_MAX } from "../limits.ts";
import type { Message } from "../session/body.ts";
import type { SlotSubject } from "../session/oracle/context.ts";
import type { NonceSlot } from "../session/signing.ts";
import { GivenAnswers } from "./given-answers.ts";
import type { Entropy } from "./ports.ts";

interface LiveSlot {
  readonly subject: SlotSubject;
  /** What the workload is shown of it. */
  readonly shown: NonceSlot;
  readonly messages: readonly Message[];
  readonly nonces: readonly SigningNonces[];
  readonly expiresAtMs: number;
}

/**
 * An oracle's signing nonces (SPEC section 5): in this process's
 * memory alone, outside every machine's state. There is no way to write them down
 * and no way to take a slot twice; a restart or a copy of the disk has none.
 */
export class NonceVault {
  readonly #group: Group;
  readonly #entropy: Entropy;
  readonly #identifier: number;
  readonly #bootId: Uint8Array;
  readonly #slots = new Map<string, LiveSlot[]>();
  /** What was answered from slots that are taken. */
  readonly given = new GivenAnswers();
  #count = 0;

  constructor(group: Group, entropy: Entropy, identifier: number, bootId: Uint8Array) {
    this.#group = group;
    this.#entropy = entropy;
    this.#identifier = identifier;
    this.#bootId = bootId;
  }

  /** Live slots. */
  get size(): number {
    return this.#count;
  }

  /** The live slot of a step, or a new one; undefined when the vault is full. Older steps' slots end here. */
  slotFor(
    subject: SlotSubject,
    messages: readonly Message[],
    share: Scalar,
    nowMs: number,
  ): NonceSlot | undefined {
    const key = byteKey(subject.instance);
    const all = this.#slots.get(key) ?? [];
    const live: LiveSlot[] = [];
    for (const slot of all) {
      const same =
        slot.subject.seq === subject.seq && equalBytes(slot.subject.headerHash, subject.headerHash);
      if (same && slot.expiresAtMs > nowMs) live.push(slot);
      else this.#discard(slot);
    }
    this.#slots.set(key, live);
    const [first] = live;
    if (first !== undefined) return first.shown;
    return this.#create(live, subject, messages, share, nowMs);
  }

  #create(
    live: LiveSlot[],
    subject: SlotSubject,
    messages: readonly Message[],
    share: Scalar,
    nowMs: number,
  ): NonceSlot | undefined {
    if (this.#count >= NONCE_SLOTS_MAX || live.length >= NONCE_SLOTS_PER_INSTANCE_MAX) return undefined;
    const draw = (): Scalar => nonceGenerate(this.#group, this.#entropy.random(32), share);
    const slotId = this.#entropy.random(16);
    const nonces = messages.map(() => commitNonces(this.#group, this.#identifier, draw(), draw()));
    const commitments = nonces.map(({ commitment: { hiding, binding } }) => ({ hiding, binding }));
    const shown = { bootId: this.#bootId, slotId, commitments };
    live.push({ subject, shown, messages, nonces, expiresAtMs: nowMs + NONCE_SLOT_MS });
    this.#count += 1;
    return shown;
  }

  #discard(slot: LiveSlot): void {
    for (const { hiding, binding } of slot.nonces) zeroize(hiding, binding);
    this.#count -= 1;
  }

  #find(subject: SlotSubject, bootId: Uint8Array, slotId: Uint8Array, nowMs: number): LiveSlot | undefined {
    if (!equalBytes(bootId, this.#bootId)) return undefined;
    return this.#slots
      .get(byteKey(subject.instance))
      ?.find(
        (slot) =>
          equalBytes(slot.shown.slotId, slotId) &&
          slot.subject.seq === subject.seq &&
          equalBytes(slot.subject.headerHash, subject.headerHash) &&
          slot.expiresAtMs > nowMs,
      );
  }

  /** What a slot committed to; reading it consumes nothing. */
  peek(subject: SlotSubject, bootId: Uint8Array, slotId: Uint8Array, nowMs: number): NonceSlot | undefined {
    return this.#find(subject, bootId, slotId, nowMs)?.shown;
  }

  /**
   * Takes a slot out, whole and for ever. HAZARD: pair j may serve message j of this
   * slot and nothing else; signShare wipes it, the caller wipes what it does not use.
   */
  take(
    subject: SlotSubject,
    bootId: Uint8Array,
    slotId: Uint8Array,
    nowMs: number,
  ): { messages: readonly Message[]; nonces: readonly SigningNonces[] } | undefined {
    const slot = this.#find(subject, bootId, slotId, nowMs);
    if (slot === undefined) return undefined;
    const key = byteKey(subject.instance);
    const rest = this.#slots.get(key)?.filter((other) => other !== slot) ?? [];
    if (rest.length === 0) this.#slots.delete(key);
    else this.#slots.set(key, rest);
    this.#count -= 1;
    return { messages: slot.messages, nonces: slot.nonces };
  }

  /** Ends every slot of an instance: it was suspended or revoked. */
  drop(instance: Uint8Array): void {
    const key = byteKey(instance);
    for (const slot of this.#slots.get(key) ?? []) this.#discard(slot);
    this.#slots.delete(key);
    this.given.drop(instance);
  }

  /** Ends what has expired; the host calls it now and then. */
  expire(nowMs: number): void {
    this.given.expire(nowMs);
    for (const [key, slots] of this.#slots) {
      const live = slots.filter((slot) => slot.expiresAtMs > nowMs);
      for (const slot of slots) if (!live.includes(slot)) this.#discard(slot);
      if (live.length === 0) this.#slots.delete(key);
      else this.#slots.set(key, live);
    }
  }
}
