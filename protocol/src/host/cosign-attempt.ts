import { toHex } from "../bytes.ts";
import {
  aggregate,
  type Commitment,
  commitmentList,
  type SigningPackage,
  signingPackage,
  verifyingShare,
} from "../frost/index.ts";
import type { Group } from "../group/group.ts";
import type { CosignSubject } from "../issuer/index.ts";
import { OAuthError, type OAuthErrorName } from "../oauth/oauth-error.ts";
import type { HeldIssuerKey } from "./issuer-keyring.ts";

export interface AttemptOptions {
  readonly group: Group;
  readonly id: Uint8Array;
  readonly key: HeldIssuerKey;
  readonly subject: CosignSubject;
  readonly input: Uint8Array;
  readonly quorum: number;
  readonly byzantineMax: number;
}

interface Refusal {
  readonly error: OAuthErrorName;
  readonly reason: string;
}

interface Offer {
  readonly slotId: Uint8Array;
  readonly commitment: Commitment;
}

/** The signers of round two, and what they signed so far. */
interface Round2 {
  readonly signing: SigningPackage;
  readonly signers: readonly number[];
  readonly shares: Map<number, Uint8Array>;
}

/** What one coordinator knows of one signature in the making: whom it asked, who said what. No ports, no timers. */
export class CosignAttempt {
  readonly name: string;
  readonly options: AttemptOptions;
  /** Oracles asked to commit since the last restart that have not answered. */
  readonly waiting = new Set<number>();
  /** Oracles that will not be asked again. */
  readonly excluded = new Set<number>();
  readonly refusals = new Map<number, Refusal>();
  readonly offers = new Map<number, Offer>();
  round2: Round2 | undefined;

  constructor(options: AttemptOptions) {
    this.options = options;
    this.name = toHex(options.id);
  }

  /** How many more must be asked so that enough may commit. */
  get lacking(): number {
    return this.round2 === undefined ? this.options.quorum - this.offers.size - this.waiting.size : 0;
  }

  isOpen(oracle: number): boolean {
    return !this.excluded.has(oracle) && !this.waiting.has(oracle) && !this.offers.has(oracle);
  }

  exclude(oracle: number, refusal?: Refusal): void {
    this.waiting.delete(oracle);
    this.offers.delete(oracle);
    this.excluded.add(oracle);
    if (refusal !== undefined) this.refusals.set(oracle, refusal);
  }

  /** Throws away a round that failed: every nonce in it is spent or will be. */
  restart(): void {
    this.round2 = undefined;
    this.offers.clear();
    this.waiting.clear();
  }

  /** Fixes the signers once there are enough. Throws ERR_FROST_GROUP_COMMITMENT. */
  begin(): Round2 {
    const { group, key, input, quorum } = this.options;
    const signers = [...this.offers.keys()].slice(0, quorum).sort((a, b) => a - b);
    const commitments = signers.flatMap((oracle) => this.offers.get(oracle)?.commitment ?? []);
    const signing = signingPackage(group, {
      rule: "rfc9591",
      threshold: quorum,
      groupPublicKey: key.publicKey,
      commitments: commitmentList(commitments),
      message: input,
    });
    this.round2 = { signing, signers, shares: new Map() };
    return this.round2;
  }

  /** The signature, once all shares are here. Throws ERR_FROST_SHARE naming who gave a wrong one. */
  finish({ signing, signers, shares }: Round2): Uint8Array | undefined {
    if (shares.size < signers.length) return undefined;
    const { group, key } = this.options;
    const list = signers.map((identifier) => ({
      identifier,
      share: shares.get(identifier) ?? new Uint8Array(),
    }));
    return aggregate(group, signing, list, (oracle) => verifyingShare(group, key.commitments, oracle));
  }

  /** What to tell the client: a refusal counts when b+1 oracles say the same, so that no liar speaks for the cluster. */
  verdict(): OAuthError {
    const counts = new Map<OAuthErrorName, string[]>();
    for (const { error, reason } of this.refusals.values())
      counts.set(error, [...(counts.get(error) ?? []), reason]);
    for (const [error, reasons] of counts) {
      if (reasons.length > this.options.byzantineMax) return new OAuthError(error, reasons[0] ?? error);
    }
    return new OAuthError("temporarily_unavailable", "not enough oracles can sign right now");
  }
}
