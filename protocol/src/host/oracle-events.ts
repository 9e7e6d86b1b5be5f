import { concatBytes, toHex, utf8 } from "../bytes.ts";
import { type Hash, struct, taggedHash, text, u64 } from "../encoding/index.ts";
import { hash32 } from "../ids.ts";
import { revokedJti } from "../issuer/index.ts";
import { TEXT_BYTES_MAX, TTL_SECONDS_MAX, URL_BYTES_MAX } from "../limits.ts";
import { receiverOf, resourceOf, workloadOf } from "../registry/registry.ts";
import { listResources } from "../registry/registry-view.ts";
import { records } from "../session/oracle/index.ts";
import type { OracleCore } from "./oracle-core.ts";
import { type Mutation, put, remove, table } from "./table.ts";

/** An event that one receiver has not acknowledged: an instance of a workload that may call it is revoked. */
const pendingEvent = struct({
  audience: text(URL_BYTES_MAX),
  instance: hash32,
  jti: text(TEXT_BYTES_MAX),
  sinceMs: u64,
});
/** Key: hash of the audience, then the instance. */
const pending = table("event", pendingEvent);
/** Revoked instances whose events were made, so that a restart makes none twice and misses none. */
const announced = table("event-made", struct({ sinceMs: u64 }));

export interface PendingEvent {
  readonly audience: string;
  readonly instance: Hash;
  readonly jti: string;
}

/** No token of the instance lives longer than this after its revocation. */
const KEPT_MS = 2 * TTL_SECONDS_MAX * 1000;
const PAGE = 512;
const RESOURCES_MAX = 1000;
const TICK_MS = 1_000;

const scopeOf = (audience: string): Hash => taggedHash("ipse/v1/event-audience", utf8(audience));

/**
 * Which receivers must still hear that an instance is revoked (RFC 8417; PROTOCOL section 7). Durable from the
 * revocation to the acknowledgement; each oracle keeps and delivers its own, so that none can keep an event back.
 */
export class OracleEvents {
  readonly #core: OracleCore;
  readonly #waiting = new Map<string, Hash>();
  #cancel: (() => void) | undefined;

  constructor(core: OracleCore) {
    this.#core = core;
  }

  start(): void {
    this.#scan();
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** The status of an instance may have changed. */
  changed(instance: Hash): void {
    this.#waiting.set(toHex(instance), instance);
  }

  /** Whatever was revoked while nobody took note, as after a crash. */
  #scan(): void {
    let after: Uint8Array | undefined;
    for (;;) {
      const rows = this.#core.view.scan(records.instances, PAGE, undefined, after);
      for (const [id, { status }] of rows) if (status === "revoked" || status === "ended") this.changed(id);
      after = rows.at(-1)?.[0];
      if (rows.length < PAGE) return;
    }
  }

  #schedule(): void {
    this.#cancel = this.#core.options.timers.after(TICK_MS, () => {
      this.#tick();
      this.#schedule();
    });
  }

  #tick(): void {
    for (const [key, instance] of [...this.#waiting].slice(0, PAGE)) {
      this.#waiting.delete(key);
      this.#announce(instance);
    }
    this.#sweep();
  }

  #announce(instance: Hash): void {
    const { view, options } = this.#core;
    const record = view.get(records.instances, instance);
    const over = record?.status === "revoked" || record?.status === "ended";
    if (record === undefined || !over || view.get(announced, instance) !== undefined) return;
    const sinceMs = Math.floor(options.clock.nowMs());
    const events = this.#audiences(record.constants.spiffeId).map((audience): Mutation => {
      const key = concatBytes(scopeOf(audience), instance);
      return put(pending, key, { audience, instance, jti: revokedJti(instance, audience), sinceMs });
    });
    view.submit([put(announced, instance, { sinceMs }), ...events], () => undefined);
  }

  /** Registered resources the workload may call; all of them when nobody knows any more which. */
  #audiences(spiffeId: string): readonly string[] {
    const { view } = this.#core;
    const granted = workloadOf(view, spiffeId)?.resources;
    if (granted !== undefined) return granted.filter((url) => resourceOf(view, url) !== undefined);
    return listResources(view, RESOURCES_MAX).map(({ url }) => url);
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

  #sweep(): void {
    const { view, options } = this.#core;
    const before = options.clock.nowMs() - KEPT_MS;
    const old = view.scan(pending, PAGE).filter(([, { sinceMs }]) => sinceMs < before);
    if (old.length > 0)
      view.submit(
        old.map(([key]) => remove(pending, key)),
        () => undefined,
      );
  }
}
