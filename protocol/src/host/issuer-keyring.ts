import { toHex } from "../bytes.ts";
import type { DealtKey } from "../dkg/index.ts";
import { type CommitmentVector, decodeCommitmentVector } from "../frost/index.ts";
import type { Point, Scalar } from "../group/group.ts";
import {
  ISSUER_KEYS_MAX,
  ISSUER_STATE_LEEWAY_MS,
  ISSUER_TIMES,
  type IssuerStates,
  type IssuerTimes,
  issuerJwk,
  issuerKeyDue,
  issuerKeyId,
  issuerPublicKey,
  issuerStates,
} from "../issuer/index.ts";
import type { PublicJwk } from "../oauth/thumbprint.ts";
import { issuerRotationOf } from "../registry/registry.ts";
import { rosterHash } from "../registry/roster.ts";
import { type IssuerKeyRecord, issuerKeys, issuerShares } from "./issuer-records.ts";
import type { OracleCore } from "./oracle-core.ts";
import type { CeremonyOrigin } from "./pool-outbox.ts";
import { type Mutation, put, remove } from "./table.ts";

/** An issuer key at hand, decoded once. */
export interface HeldIssuerKey extends IssuerKeyRecord {
  readonly id: Uint8Array;
  readonly jwk: PublicJwk;
  readonly kid: string;
  readonly publicKey: Point;
  readonly commitments: CommitmentVector;
}

/** The issuer keys of the newest roster at one oracle, and the state each is in. */
export class IssuerKeyring {
  readonly #core: OracleCore;
  readonly #times: IssuerTimes;
  readonly #held = new Map<string, HeldIssuerKey>();

  constructor(core: OracleCore, times: Partial<IssuerTimes>) {
    this.#core = core;
    this.#times = { ...ISSUER_TIMES, ...times };
  }

  load(): void {
    const mine = toHex(rosterHash(this.#core.newest));
    for (const [, record] of this.#core.view.scan(issuerKeys, 4 * ISSUER_KEYS_MAX)) {
      if (toHex(record.issuerKey.key.rosterHash) === mine) this.#hold(record);
    }
  }

  #hold(record: IssuerKeyRecord): void {
    const { group } = this.#core.options;
    const { issuerKey } = record;
    const id = issuerKeyId(issuerKey);
    const jwk = issuerJwk(issuerKey);
    const commitments = decodeCommitmentVector(group, this.#core.newest.quorum, issuerKey.key.commitments);
    const publicKey = issuerPublicKey(issuerKey) as Point;
    this.#held.set(toHex(id), { ...record, id, jwk, kid: jwk.kid ?? "", publicKey, commitments });
  }

  get #nowMs(): number {
    return this.#core.options.clock.nowMs();
  }

  /** As of now, or of some time nearby. */
  states(atMs = this.#nowMs): IssuerStates<HeldIssuerKey> {
    const order = issuerRotationOf(this.#core.view);
    return issuerStates([...this.#held.values()], order, this.#times, atMs);
  }

  get active(): HeldIssuerKey | undefined {
    return this.states().active;
  }

  /** What stands in the JWKS: whatever is active, will be or was. The active one first. */
  published(): readonly HeldIssuerKey[] {
    const { active, prepared, retiring } = this.states();
    return active === undefined ? [] : [active, ...prepared, ...retiring];
  }

  /** Whether a coordinator may sign with this key by its clock, which differs from ours a little. */
  signable(id: Uint8Array): HeldIssuerKey | undefined {
    const key = this.#held.get(toHex(id));
    const around = [-ISSUER_STATE_LEEWAY_MS, 0, ISSUER_STATE_LEEWAY_MS];
    return around.some((ms) => this.states(this.#nowMs + ms).active === key) ? key : undefined;
  }

  /** Whether a coordinator may list exactly these keys. */
  listable(ids: readonly Uint8Array[]): readonly HeldIssuerKey[] | undefined {
    const listed = ids.flatMap((id) => this.#held.get(toHex(id)) ?? []);
    const { active, retired } = this.states(this.#nowMs - ISSUER_STATE_LEEWAY_MS);
    const known = listed.length === ids.length && new Set(listed).size === listed.length;
    const sound = !listed.some((key) => retired.includes(key));
    return known && sound && active !== undefined && listed.includes(active) ? listed : undefined;
  }

  share(key: HeldIssuerKey): Scalar | undefined {
    return this.#core.view.get(issuerShares, key.id)?.share as Scalar | undefined;
  }

  /** `withinMs`: whether it will be due so soon, for an oracle whose clock is ahead. */
  due(withinMs = 0): boolean {
    const order = issuerRotationOf(this.#core.view);
    return issuerKeyDue([...this.#held.values()], order, this.#times, this.#nowMs + withinMs);
  }

  /** Writes that keep a certified key; `add` makes it known once they are durable. */
  mutations(dealt: readonly DealtKey[], { initiator, serial }: CeremonyOrigin): Mutation[] {
    return dealt.flatMap(({ id, poolKey: key, share }) => {
      const issuerKey = { version: 1 as const, initiator, serial, key };
      return [
        put(issuerKeys, id, { issuerKey, certifiedAtMs: this.#nowMs }),
        put(issuerShares, id, { share }),
      ];
    });
  }

  add(dealt: readonly DealtKey[]): void {
    for (const { id } of dealt) {
      const record = this.#core.view.get(issuerKeys, id);
      if (record !== undefined) this.#hold(record);
    }
  }

  /** Drops what is retired, share first of all. */
  sweep(): void {
    const { retired, active } = this.states();
    if (retired.length === 0 || active === undefined) return;
    for (const { id } of retired) this.#held.delete(toHex(id));
    const gone = retired.flatMap(({ id }) => [remove(issuerShares, id), remove(issuerKeys, id)]);
    this.#core.view.submit(gone, () => undefined);
  }
}
