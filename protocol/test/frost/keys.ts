import {
  type CommitmentList,
  type CommitmentVector,
  commit,
  commitmentList,
  commitToPolynomial,
  composePublicKey,
  evaluatePolynomial,
  nonceGenerate,
  type SigningNonces,
  type SigningPackage,
  signingPackage,
  signShare,
  verifyingShare,
  WORKLOAD_IDENTIFIER,
  workloadVerifyingShare,
} from "../../src/frost/index.ts";
import type { Group, Point, Scalar } from "../../src/group/index.ts";
import { randomScalar, seededRandom } from "../group/backends.ts";

export interface TestKey {
  readonly group: Group;
  readonly threshold: number;
  readonly workloadShare: Scalar;
  readonly shares: ReadonlyMap<number, Scalar>;
  readonly commitments: CommitmentVector;
  readonly groupPublicKey: Point;
}

/** A mandatory-composition key from a trusted dealer: tests of signing need no ceremony. */
export function dealKey(group: Group, n: number, threshold: number, seed: string): TestKey {
  const random = seededRandom(seed);
  const coefficients = Array.from({ length: threshold }, () => randomScalar(group, random));
  const workloadShare = randomScalar(group, random);
  const commitments = commitToPolynomial(group, coefficients);
  const shares = new Map<number, Scalar>();
  for (let id = 1; id <= n; id++) shares.set(id, evaluatePolynomial(group, coefficients, id));
  const oracles = commitments[0] ?? group.identity;
  const groupPublicKey = composePublicKey(group, group.baseMul(workloadShare), oracles);
  return { group, threshold, workloadShare, shares, commitments, groupPublicKey };
}

export function shareOf(key: TestKey, identifier: number): Scalar {
  const share = identifier === WORKLOAD_IDENTIFIER ? key.workloadShare : key.shares.get(identifier);
  if (share === undefined) throw new Error(`no share ${identifier}`);
  return share;
}

export function verifyingShareOf(key: TestKey, identifier: number): Point {
  return identifier === WORKLOAD_IDENTIFIER
    ? workloadVerifyingShare(key.group, key.groupPublicKey, key.commitments)
    : verifyingShare(key.group, key.commitments, identifier);
}

export interface Round {
  readonly nonces: ReadonlyMap<number, SigningNonces>;
  readonly list: CommitmentList;
  readonly signing: SigningPackage;
}

/** Round one of the chosen oracles and the workload, and the package of round two. */
export function startRound(
  key: TestKey,
  oracles: readonly number[],
  message: Uint8Array,
  seed: string,
): Round {
  const { group, threshold, groupPublicKey } = key;
  const random = seededRandom(`${seed}/nonces`);
  const identifiers = [...oracles].sort((a, b) => a - b).concat(WORKLOAD_IDENTIFIER);
  const nonces = new Map(
    identifiers.map((id) => {
      const draw = () => nonceGenerate(group, random(32), shareOf(key, id));
      return [id, commit(group, id, draw(), draw())] as const;
    }),
  );
  const list = commitmentList([...nonces.values()].map((own) => own.commitment));
  const signing = signingPackage(group, {
    rule: "mandatory",
    threshold,
    groupPublicKey,
    commitments: list,
    message,
  });
  return { nonces, list, signing };
}

/** Everyone's signature shares, or those of the changed shares. */
export function allShares(
  key: TestKey,
  round: Round,
  override: ReadonlyMap<number, Scalar> = new Map(),
): { identifier: number; share: Scalar }[] {
  return [...round.nonces].map(([identifier, nonces]) => ({
    identifier,
    share: signShare(key.group, round.signing, override.get(identifier) ?? shareOf(key, identifier), nonces),
  }));
}
