import { concatBytes, equalBytes, zeroize } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import type { Group, Point, Scalar } from "../group/index.ts";
import { type CoefficientRule, coefficient, interpolated } from "./coefficient.ts";
import { type Commitment, type CommitmentList, commitmentListParts } from "./commitment.ts";
import { identifierScalar, smallScalar } from "./identifier.ts";
import type { SigningNonces } from "./nonce.ts";
import { h1, h2, h4, h5 } from "./suite.ts";

export interface SigningRequest {
  readonly rule: CoefficientRule;
  /** The fewest interpolated signers: t. */
  readonly threshold: number;
  readonly groupPublicKey: Point;
  readonly commitments: CommitmentList;
  readonly message: Uint8Array;
}

/** One signer as everyone sees it. */
export interface Signer {
  readonly commitment: Commitment;
  readonly bindingFactor: Scalar;
}

/** All that the public values of one signature determine, computed once for signing, checking and aggregating. */
export interface SigningPackage extends SigningRequest {
  readonly signers: ReadonlyMap<number, Signer>;
  readonly interpolated: readonly number[];
  readonly groupCommitment: Point;
  readonly challenge: Scalar;
}

type Bound = Pick<SigningRequest, "groupPublicKey" | "commitments" | "message">;

/** What the inputs of H1 in compute_binding_factors have in common, RFC 9591 section 4.4, in parts. */
function bindingFactorPrefix(
  group: Group,
  { groupPublicKey, commitments, message }: Bound,
): readonly [Uint8Array, Uint8Array, Uint8Array] {
  return [groupPublicKey, h4(group, message), h5(group, ...commitmentListParts(group, commitments))];
}

/** The inputs of H1 in compute_binding_factors, RFC 9591 section 4.4, in list order. */
export function bindingFactorInputs(group: Group, request: Bound): readonly Uint8Array[] {
  const prefix = bindingFactorPrefix(group, request);
  return request.commitments.map(({ identifier }) =>
    concatBytes(...prefix, identifierScalar(group, identifier)),
  );
}

/** compute_binding_factors of RFC 9591 section 4.4, in list order. */
export function computeBindingFactors(group: Group, request: Bound): readonly Scalar[] {
  const [key, messageHash, listHash] = bindingFactorPrefix(group, request);
  return request.commitments.map(({ identifier }) =>
    h1(group, key, messageHash, listHash, identifierScalar(group, identifier)),
  );
}

/** D + [rho]E of our own commitment as [d + e * rho]B: one multiplication of the base, in constant time. */
function ownTerm(group: Group, { hiding, binding }: SigningNonces, bindingFactor: Scalar): Point {
  const bound = group.scalarMul(binding, bindingFactor);
  const nonce = group.scalarAdd(hiding, bound);
  const term = group.baseMul(nonce);
  zeroize(bound, nonce);
  return term;
}

function isOwn(entry: Commitment, { commitment }: SigningNonces): boolean {
  return (
    entry.identifier === commitment.identifier &&
    equalBytes(entry.hiding, commitment.hiding) &&
    equalBytes(entry.binding, commitment.binding)
  );
}

/**
 * compute_group_commitment of RFC 9591 section 4.5, as one sum of products over public points. `own`: the
 * nonces behind one of the entries, which make its part cheaper; they are read, not used up. Throws
 * ERR_FROST_GROUP_COMMITMENT on the identity, whose signature would show the secret; it does not come about
 * by chance.
 */
export function groupCommitment(
  group: Group,
  list: CommitmentList,
  bindingFactors: readonly Scalar[],
  own?: SigningNonces,
): Point {
  const one = smallScalar(group, 1);
  const scalars: Scalar[] = [];
  const points: Point[] = [];
  list.forEach((entry, index) => {
    const bindingFactor = bindingFactors[index] as Scalar;
    if (own !== undefined && isOwn(entry, own)) {
      scalars.push(one);
      points.push(ownTerm(group, own, bindingFactor));
    } else {
      scalars.push(bindingFactor, one);
      points.push(entry.binding, entry.hiding);
    }
  });
  const sum = group.multiMulPublic(scalars, points);
  if (group.equal(sum, group.identity)) {
    throw new IpseError("ERR_FROST_GROUP_COMMITMENT", "the group commitment is the identity");
  }
  return sum;
}

/** compute_challenge of RFC 9591 section 4.6, which is that of RFC 8032 section 5.1.6. */
export function challenge(
  group: Group,
  commitment: Point,
  groupPublicKey: Point,
  message: Uint8Array,
): Scalar {
  return h2(group, commitment, groupPublicKey, message);
}

/**
 * `own`: the nonces of whoever is about to sign with this package (see groupCommitment); the package is the
 * same without them. Throws ERR_FROST_SIGNERS on too few signers or a missing workload, ERR_FROST_GROUP_COMMITMENT.
 */
export function signingPackage(group: Group, request: SigningRequest, own?: SigningNonces): SigningPackage {
  const { rule, threshold, commitments, groupPublicKey, message } = request;
  const identifiers = commitments.map(({ identifier }) => identifier);
  const interpolatedSigners = interpolated(rule, identifiers, threshold);
  const bindingFactors = computeBindingFactors(group, request);
  const commitment = groupCommitment(group, commitments, bindingFactors, own);
  const signers = new Map<number, Signer>();
  commitments.forEach((commitment, index) => {
    signers.set(commitment.identifier, { commitment, bindingFactor: bindingFactors[index] as Scalar });
  });
  return {
    ...request,
    signers,
    interpolated: interpolatedSigners,
    groupCommitment: commitment,
    challenge: challenge(group, commitment, groupPublicKey, message),
  };
}

/** The signer's entry and challenge * coefficient, which multiplies its share. Throws ERR_FROST_NOT_SIGNER. */
export function signerTerms(
  group: Group,
  signing: SigningPackage,
  identifier: number,
): { readonly signer: Signer; readonly weight: Scalar } {
  const signer = signing.signers.get(identifier);
  if (signer === undefined) {
    throw new IpseError("ERR_FROST_NOT_SIGNER", `participant ${identifier} is not among the signers`);
  }
  const lambda = coefficient(group, signing.rule, signing.interpolated, identifier);
  return { signer, weight: group.scalarMul(lambda, signing.challenge) };
}
