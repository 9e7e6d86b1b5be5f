import { IpseError, toHex } from "@ipse/protocol";
import {
  aggregate,
  commitmentList,
  commitmentVector,
  signingPackage,
  validateCommitment,
  verifyingShare,
} from "@ipse/protocol/frost";
import type { Point } from "@ipse/protocol/group";
import {
  agreedClaims,
  type CosignSubject,
  type IssuerKey,
  issuerJwk,
  issuerKeyId,
  issuerPublicKey,
  type JudgedRequest,
  proposeTerms,
  type SignableTokenRequest,
  tokenInput,
} from "@ipse/protocol/issuer";
import { type AssertionClaims, parseCompactJwt, tokenJti } from "@ipse/protocol/oauth";
import type { CosignMessage } from "@ipse/protocol/wire";
import { EPOCH_MS } from "../core/index.ts";
import { ISSUER, SPIFFE_ID } from "../world/index.ts";
import type { Stage } from "./stage.ts";

export type TokenSubject = Extract<CosignSubject, { kind: "token" }>;
type Commitment = Extract<CosignMessage, { kind: "commitment" }>;

function judgedAs(stage: Stage, request: SignableTokenRequest, jkt: string | undefined): JudgedRequest {
  const { instance, genesis, world } = stage;
  const workload = world.oracles.find(({ up }) => up)?.node?.workload(SPIFFE_ID);
  if (workload === undefined) throw new Error("the workload is not registered");
  const jwt = parseCompactJwt(request.assertion);
  const claims = jwt.claims as AssertionClaims;
  const judged = {
    instance,
    spiffeId: SPIFFE_ID,
    identityKey: genesis.identityKey,
    status: "active" as const,
  };
  return { instance: judged, workload, claims, jkt, jti: tokenJti(jwt.signingInput), burns: [] };
}

/** What an honest coordinator would propose for this request now; `jkt`: the key of its proof. */
export function subjectOf(stage: Stage, request: SignableTokenRequest, jkt?: string): TokenSubject {
  const iat = Math.floor((EPOCH_MS + stage.world.now) / 1000);
  const terms = proposeTerms(ISSUER, judgedAs(stage, request, jkt), request, { iat, policy: 1 });
  return { kind: "token", request, terms };
}

/** The bytes of the token that a subject is about. Throws OAuthError where no honest party would make one. */
export function inputOf(
  stage: Stage,
  key: IssuerKey,
  { request, terms }: TokenSubject,
  jkt?: string,
): Uint8Array {
  const context = { issuer: ISSUER, nowMs: EPOCH_MS + stage.world.now };
  const claims = agreedClaims(context, judgedAs(stage, request, jkt), request, terms);
  return tokenInput(issuerJwk(key).kid ?? "", claims);
}

/** One signature a rogue coordinator tries to get, and what the co-signers gave it. */
export interface RogueAttempt {
  readonly id: Uint8Array;
  readonly key: IssuerKey;
  readonly commitments: Map<number, Commitment>;
  readonly shares: Map<number, Uint8Array>;
  readonly refusals: Map<number, string>;
  /** Shares that came for one slot beyond the first. */
  extraShares: number;
}

/**
 * A Byzantine oracle as coordinator: it speaks the protocol of co-signing by hand, to whom and about what it
 * likes. Its own machine goes on beside it, so that nobody can tell.
 */
export class RogueCoordinator {
  readonly id: number;
  readonly #stage: Stage;
  readonly #attempts = new Map<string, RogueAttempt>();
  /** Sends every SIGN a second time, over another list. */
  signsTwice = false;

  constructor(stage: Stage, id: number) {
    this.#stage = stage;
    this.id = id;
    const { world } = stage;
    world.oracle(id).byzantine = true;
    world.network.between.push(({ from, to, message }) => {
      if (to !== id || message.kind !== "cosign") return true;
      const attempt = this.#attempts.get(toHex(message.attempt));
      if (attempt === undefined) return true;
      this.#heard(attempt, from, message.message);
      return false;
    });
  }

  #send(to: number, attempt: RogueAttempt, message: CosignMessage): void {
    this.#stage.world.peerSend(this.id, to, { kind: "cosign", attempt: attempt.id, message });
  }

  /** Proposes to every other oracle; round two follows by itself once q have committed. */
  begin(subject: CosignSubject, id = this.#stage.prng.bytes(16)): RogueAttempt {
    const { world } = this.#stage;
    const [key] = world.oracles.find(({ up }) => up)?.node?.tokens?.issuerKeys() ?? [];
    if (key === undefined) throw new Error("there is no issuer key");
    const [commitments, shares, refusals] = [new Map(), new Map(), new Map()];
    const attempt: RogueAttempt = { id, key, commitments, shares, refusals, extraShares: 0 };
    this.#attempts.set(toHex(id), attempt);
    for (const oracle of world.oracles)
      if (oracle.id !== this.id)
        this.#send(oracle.id, attempt, { kind: "propose", keyId: issuerKeyId(key), subject });
    return attempt;
  }

  /** The same, and waits for everything that comes of it. */
  try(subject: CosignSubject): RogueAttempt {
    const attempt = this.begin(subject);
    const { world, topology } = this.#stage;
    const others = topology.oracles - 1;
    const over = (): boolean =>
      attempt.shares.size >= topology.quorum || attempt.refusals.size > others - topology.quorum;
    world.runUntil(over, 3000);
    world.run(100);
    return attempt;
  }

  #heard(attempt: RogueAttempt, from: number, message: CosignMessage): void {
    const { quorum } = this.#stage.topology;
    if (message.kind === "refused") attempt.refusals.set(from, `${message.error}: ${message.reason}`);
    if (message.kind === "share") {
      if (attempt.shares.has(from)) attempt.extraShares++;
      else attempt.shares.set(from, message.z);
    }
    if (message.kind !== "commitment" || attempt.commitments.size >= quorum) return;
    attempt.commitments.set(from, message);
    if (attempt.commitments.size === quorum) this.#beginRound2(attempt);
  }

  #listOf({ commitments }: RogueAttempt) {
    return [...commitments]
      .sort(([a], [b]) => a - b)
      .map(([oracle, { hiding, binding }]) => ({ oracle, hiding, binding }));
  }

  #beginRound2(attempt: RogueAttempt): void {
    const list = this.#listOf(attempt);
    for (const [oracle, { slotId }] of attempt.commitments) {
      this.#send(oracle, attempt, { kind: "sign", slotId, commitments: list });
      if (!this.signsTwice) continue;
      const swapped = list.map((one) =>
        one.oracle === oracle ? one : { ...one, hiding: one.binding, binding: one.hiding },
      );
      this.#send(oracle, attempt, { kind: "sign", slotId, commitments: swapped });
    }
  }

  /** Whether what came is a signature over `input`. */
  completes(attempt: RogueAttempt, input: Uint8Array): boolean {
    const { group, topology } = this.#stage;
    if (attempt.shares.size < topology.quorum) return false;
    const publicKey = issuerPublicKey(attempt.key) as Point;
    const vector = commitmentVector(group, attempt.key.key.commitments as Point[]);
    const commitments = this.#listOf(attempt).map(({ oracle: identifier, hiding, binding }) =>
      validateCommitment(group, { identifier, hiding, binding }),
    );
    const signing = signingPackage(group, {
      rule: "rfc9591",
      threshold: topology.quorum,
      groupPublicKey: publicKey,
      commitments: commitmentList(commitments),
      message: input,
    });
    const list = [...attempt.shares].map(([identifier, share]) => ({ identifier, share }));
    try {
      const signature = aggregate(group, signing, list, (oracle) => verifyingShare(group, vector, oracle));
      return group.ed25519.verify(publicKey, input, signature);
    } catch (error) {
      if (error instanceof IpseError) return false;
      throw error;
    }
  }
}
