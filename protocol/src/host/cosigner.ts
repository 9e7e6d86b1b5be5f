import { equalBytes } from "../bytes.ts";
import { errorCode, IpseError } from "../errors.ts";
import {
  commitmentList,
  type SigningPackage,
  signingPackage,
  signShare,
  validateCommitment,
} from "../frost/index.ts";
import { attemptDigest, type Burn } from "../issuer/index.ts";
import { allow, OAuthError } from "../oauth/oauth-error.ts";
import type { CosignMessage } from "../wire/cosign.ts";
import type { CosignJudge } from "./cosign-judge.ts";
import { CosignNonces, type CosignSlot } from "./cosign-nonces.ts";
import type { IssuerKeyring } from "./issuer-keyring.ts";
import { tokenBurns } from "./issuer-records.ts";
import type { OracleCore } from "./oracle-core.ts";
import { putOnce } from "./table.ts";

export type Propose = Extract<CosignMessage, { kind: "propose" }>;
export type Sign = Extract<CosignMessage, { kind: "sign" }>;
type Reply = (message: CosignMessage) => void;

export function refusedMessage(error: unknown): CosignMessage {
  if (error instanceof OAuthError)
    return { kind: "refused", error: error.error, reason: error.body.error_description.slice(0, 250) };
  return { kind: "refused", error: "server_error", reason: errorCode(error) };
}

/**
 * One oracle's part in signatures under an issuer key. It trusts its coordinator with nothing: it judges the
 * subject itself, burns what it uses up durably before a commitment or a share leaves, signs the bytes it
 * computed itself, and each pair of nonces once.
 */
export class Cosigner {
  readonly #core: OracleCore;
  readonly #keyring: IssuerKeyring;
  readonly #judge: CosignJudge;
  readonly nonces: CosignNonces;
  readonly #requireCurrent: () => void;

  constructor(core: OracleCore, keyring: IssuerKeyring, judge: CosignJudge, requireCurrent: () => void) {
    this.#core = core;
    this.#keyring = keyring;
    this.#judge = judge;
    this.#requireCurrent = requireCurrent;
    this.nonces = new CosignNonces(core);
  }

  #guard(reply: Reply, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#core.count("cosign_refused_total");
      reply(refusedMessage(error));
    }
  }

  /** Round one: judge, burn, and only then commit. */
  propose(coordinator: number, attempt: Uint8Array, { keyId, subject }: Propose, reply: Reply): void {
    this.#guard(reply, () => {
      this.#requireCurrent();
      const key = this.#keyring.signable(keyId);
      const share = key === undefined ? undefined : this.#keyring.share(key);
      if (key === undefined || share === undefined)
        throw new OAuthError("temporarily_unavailable", "this oracle does not sign with that issuer key now");
      const judged = this.#judge.judge(key, subject);
      const digest = attemptDigest({ coordinator, attempt, keyId, subject });
      this.burn(judged.burns, digest, (spent) => {
        this.#guard(reply, () => {
          if (spent !== undefined) throw new OAuthError(spent.refusal, `${spent.what} was used before`);
          const slot = this.nonces.create(coordinator, attempt, key, judged, share);
          allow(slot !== undefined, "temporarily_unavailable", "too many signatures under way");
          const { hiding, binding } = slot.nonces.commitment;
          reply({ kind: "commitment", slotId: slot.slotId, hiding, binding });
        });
      });
    });
  }

  /**
   * Marks everything as used by this attempt, durably and all at once. The same attempt may come again (with
   * other signers); any other never: then `done` hears what was spent before.
   */
  burn(burns: readonly Burn[], digest: Uint8Array, done: (spent: Burn | undefined) => void): void {
    const { view } = this.#core;
    const held = burns.map(({ key }) => view.get(tokenBurns, key));
    const spent = burns.find((_, i) => {
      const one = held[i];
      return one !== undefined && !equalBytes(one.digest, digest);
    });
    if (spent !== undefined) return view.afterPending(() => done(spent));
    const missing = burns.filter((_, i) => held[i] === undefined);
    if (missing.length === 0) return view.afterPending(() => done(undefined));
    const puts = missing.map(({ key, untilMs }) => putOnce(tokenBurns, key, { untilMs, digest }));
    view.submit(puts, () => done(undefined));
  }

  /** Round two: the share, over the message this oracle computed in round one. */
  sign(coordinator: number, attempt: Uint8Array, message: Sign, reply: Reply): void {
    this.#guard(reply, () => {
      this.#requireCurrent();
      const slot = this.nonces.peek(coordinator, attempt, message.slotId);
      allow(slot !== undefined, "temporarily_unavailable", "no such live nonce slot");
      const { key, judged, nonces } = slot;
      const share = this.#keyring.share(key);
      const usable = share !== undefined && this.#keyring.signable(key.id) === key;
      allow(usable, "temporarily_unavailable", "this oracle does not sign with that issuer key now");
      const signing = this.#signing(slot, message);
      judged.recheck();
      allow(this.nonces.take(slot), "temporarily_unavailable", "no such live nonce slot");
      const z = signShare(this.#core.options.group, signing, share, nonces);
      this.#core.count("cosigned_total");
      reply({ kind: "share", slotId: slot.slotId, z });
    });
  }

  /** Throws when my own commitment does not stand in the list as I made it, or the signers are not oracles. */
  #signing({ key, judged, nonces }: CosignSlot, { commitments }: Sign): SigningPackage {
    const { group, oracle } = this.#core.options;
    const { newest } = this.#core;
    const mine = commitments.find((one) => one.oracle === oracle);
    const { hiding, binding } = nonces.commitment;
    const own = mine !== undefined && equalBytes(mine.hiding, hiding) && equalBytes(mine.binding, binding);
    allow(own, "server_error", "my commitment does not stand in the list as I made it");
    const members = commitments.every((one) => one.oracle <= newest.oracles.length);
    allow(members, "server_error", "a signer is no oracle of the roster");
    const entries = commitments.map((one) =>
      one.oracle === oracle
        ? nonces.commitment
        : validateCommitment(group, { ...one, identifier: one.oracle }),
    );
    const request = {
      rule: "rfc9591",
      threshold: newest.quorum,
      groupPublicKey: key.publicKey,
      commitments: commitmentList(entries),
      message: judged.input,
    } as const;
    return signingPackage(group, request, nonces);
  }
}
