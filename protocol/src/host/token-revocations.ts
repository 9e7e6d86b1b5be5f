import { utf8 } from "../bytes.ts";
import { type Hash, taggedHash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import { judgeRevocation, type TokenJudge, type TokenRevocation, tokenRevocation } from "../issuer/index.ts";
import type { OracleCore } from "./oracle-core.ts";
import { putOnce, remove, table } from "./table.ts";

const revoked = table("token-revoked", tokenRevocation);
const RESENT_MAX = 4096;
const SWEEP_MS = 60_000;

function keyOf(spiffeId: string, jti: string): Hash {
  return taggedHash("ipse/v1/token-revoked", utf8(JSON.stringify([spiffeId, jti])));
}

/**
 * Tokens their clients ended early. Each oracle verifies the client's word by itself; it is passed on at once, and
 * again to every peer that connects, until the token has expired anyway.
 */
export class TokenRevocations {
  readonly #core: OracleCore;
  readonly #judge: () => TokenJudge;
  #cancel: (() => void) | undefined;

  constructor(core: OracleCore, judge: () => TokenJudge) {
    this.#core = core;
    this.#judge = judge;
  }

  start(): void {
    this.#cancel = this.#core.options.timers.after(SWEEP_MS, () => {
      this.#sweep();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  has(spiffeId: string, jti: string): boolean {
    return this.#core.view.get(revoked, keyOf(spiffeId, jti)) !== undefined;
  }

  /** `fresh`: from the client itself, whose assertion must not have expired. Throws OAuthError. */
  add(revocation: TokenRevocation, fresh: boolean, done: () => void): void {
    const { view, options } = this.#core;
    const nowMs = options.clock.nowMs();
    const { spiffeId, tokensEndMs } = judgeRevocation(this.#judge(), revocation.assertion, fresh);
    const { jti, expMs } = revocation;
    // What has expired needs no note; what ends later than any token the client had by then is not what it meant.
    if (expMs <= nowMs || expMs > tokensEndMs) return view.afterPending(done);
    const key = keyOf(spiffeId, jti);
    if (view.get(revoked, key) !== undefined) return view.afterPending(done);
    view.submit([putOnce(revoked, key, revocation)], () => {
      this.#core.count("tokens_revoked_total");
      for (const { id } of this.#core.newest.oracles)
        if (id !== options.oracle) options.peers.send(id, { kind: "tokenRevoked", ...revocation });
      done();
    });
  }

  onPeer(revocation: TokenRevocation): void {
    try {
      this.add(revocation, false, () => undefined);
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#core.count("token_revocations_refused_total");
    }
  }

  onPeerUp(oracle: number): void {
    for (const [, revocation] of this.#core.view.scan(revoked, RESENT_MAX))
      this.#core.options.peers.send(oracle, { kind: "tokenRevoked", ...revocation });
  }

  #sweep(): void {
    const { view, options } = this.#core;
    const rows = view.scan(revoked, RESENT_MAX);
    const over = rows.filter(([, { expMs }]) => expMs <= options.clock.nowMs());
    const gone = over.map(([key]) => remove(revoked, key));
    if (gone.length > 0) view.submit(gone, () => undefined);
  }
}
