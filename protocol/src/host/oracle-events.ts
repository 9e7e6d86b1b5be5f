import { concatBytes, toHex, utf8 } from "../bytes.ts";
import { type Hash, type Infer, struct, taggedHash, text, u64 } from "../encoding/index.ts";
import { hash32 } from "../ids.ts";
import { revokedJti } from "../issuer/index.ts";
import { TEXT_BYTES_MAX, TTL_SECONDS_MAX, URL_BYTES_MAX } from "../limits.ts";
import { receiverOf, resourceOf, workloadOf } from "../registry/registry.ts";
import { listResources } from "../registry/registry-view.ts";
import { records } from "../session/oracle/index.ts";
import { ExpirySweep } from "./expiry-sweep.ts";
import type { OracleCore } from "./oracle-core.ts";
import { type Mutation, pointTable, put, remove, table } from "./table.ts";

/** An event that one receiver has not acknowledged: an instance of a workload that may call it is revoked. */
const pendingEvent = struct({
  audience: text(URL_BYTES_MAX),
  instance: hash32,
  jti: text(TEXT_BYTES_MAX),
  sinceMs: u64,
});
type Pending = Infer<typeof pendingEvent>;
/** Key: hash of the audience, then the instance. */
const pending = table("event", pendingEvent);
/** Revoked instances whose events were made, so that none is made twice. */
const announced = pointTable("event-made", struct({ sinceMs: u64 }));

export interface PendingEvent {
  readonly audience: string;
  readonly instance: Hash;
  readonly jti: string;
}

/** No token of the instance lives longer than this after its revocation. */
const KEPT_MS = 2 * TTL_SECONDS_MAX * 1000;
const PAGE = 512;
const RESOURCES_PAGE = 512;
const TICK_MS = 1_000;

const scopeOf = (audience: string): Hash => taggedHash("ipse/v1/event-audience", utf8(audience));

/**
 * Which receivers must still hear that an instance is revoked (RFC 8417; SPEC section 10). Durable from the
 * revocation to the acknowledgement; each oracle keeps and delivers its own, so that none can keep an event back.
 */
export class OracleEvents {
  readonly #core: OracleCore;
  readonly #sweep: ExpirySweep<Pending>;
  /** Instances for which the receivers are being looked up. */
  readonly #looking = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(core: OracleCore) {
    this.#core = core;
    this.#sweep = new ExpirySweep(core, pending, ({ sinceMs }) => sinceMs + KEPT_MS);
  }

  start(): void {
    this.#schedule();
    this.#sweep.start();
  }

  stop(): void {
    this.#cancel?.();
    this.#sweep.stop();
  }

  #schedule(): void {
    this.#cancel = this.#core.options.timers.after(TICK_MS, () => {
      this.#tick();
      this.#schedule();
    });
  }

  #tick(): void {
    for (const [instance] of this.#core.view.scan(records.endedIndex, PAGE)) this.#announce(instance);
  }

  #announce(instance: Hash): void {
    const { view } = this.#core;
    const record = view.get(records.instances, instance);
    if (record === undefined || view.get(records.endedIndex, instance) === undefined) return;
    if (view.get(announced, instance) !== undefined) return this.#conclude(instance, []);
    const granted = workloadOf(view, record.constants.spiffeId)?.resources;
    // Nobody knows any more which resources the workload may call: all of them hear of it.
    if (granted === undefined) this.#tellAll(instance);
    else
      this.#conclude(
        instance,
        granted.filter((url) => resourceOf(view, url) !== undefined),
      );
  }

  /** Registered resources a page at a time; the instance counts as announced with the last one. */
  #tellAll(instance: Hash): void {
    const { view, page } = this.#core;
    const name = toHex(instance);
    if (this.#looking.has(name)) return;
    this.#looking.add(name);
    const more = (after: string | undefined): void =>
      listResources(page, RESOURCES_PAGE, after, (found) => {
        const audiences = found.map(({ url }) => url);
        if (audiences.length === RESOURCES_PAGE)
          return view.submit(this.#eventsFor(instance, audiences), () => more(audiences.at(-1)));
        this.#looking.delete(name);
        this.#conclude(instance, audiences);
      });
    more(undefined);
  }

  #eventsFor(instance: Hash, audiences: readonly string[]): readonly Mutation[] {
    const sinceMs = Math.floor(this.#core.options.clock.nowMs());
    return audiences.map((audience) => {
      const key = concatBytes(scopeOf(audience), instance);
      return put(pending, key, { audience, instance, jti: revokedJti(instance, audience), sinceMs });
    });
  }

  /** The last of its events, that they were made, and that nobody must look at the instance again: one write. */
  #conclude(instance: Hash, audiences: readonly string[]): void {
    const { view, options } = this.#core;
    const made = view.get(announced, instance) !== undefined;
    const sinceMs = Math.floor(options.clock.nowMs());
    const news = made ? [] : [put(announced, instance, { sinceMs }), ...this.#eventsFor(instance, audiences)];
    view.submit([remove(records.endedIndex, instance), ...news], () => undefined);
  }

  /** Up to `limit` events one receiver has not acknowledged, or of all receivers. */
  pending(limit: number, audience?: string): PendingEvent[] {
    const start = audience === undefined ? undefined : scopeOf(audience);
    return this.#core.view.scan(pending, limit, start).map(([, event]) => event);
  }

  /** Where a receiver wants its events pushed; undefined: it polls. */
  pushUrl(audience: string): string | undefined {
    return receiverOf(this.#core.view, audience)?.pushUrl;
  }

  /** These events arrived: durable before `done`. */
  acknowledge(audience: string, jtis: readonly string[], done: () => void): void {
    const { view } = this.#core;
    const start = scopeOf(audience);
    const rows = view.scan(pending, PAGE, start).filter(([, { jti }]) => jtis.includes(jti));
    if (rows.length === 0) return view.afterPending(done);
    const gone = rows.map(([key]) => remove(pending, key));
    view.submit(gone, done);
  }
}
