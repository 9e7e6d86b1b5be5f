import { createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import {
  type CommitmentVector,
  commitToPolynomial,
  composePublicKey,
  evaluatePolynomial,
  lagrangeCoefficient,
  verifyingShare,
  WORKLOAD_IDENTIFIER,
  workloadVerifyingShare,
} from "@ipse/protocol/frost";
import { type Group, loadFastGroup, type Point, portableGroup, type Scalar } from "@ipse/protocol/group";

/** Fails the bench: whatever was timed did not do its work. */
export function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new Error(`wrong result while timed: ${what}`);
}

export function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`missing: ${what}`);
  return value;
}

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export function keyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
}

/** An independent verifier: OpenSSL behind node:crypto. */
export function nodeVerifies(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, key, signature);
}

/** A group for each participant: groups remember what they validated, and one participant must not profit from another. */
export async function separateGroups(count: number): Promise<Group[]> {
  const groups: Group[] = [];
  for (let i = 0; i < count; i++) groups.push((await loadFastGroup()) ?? portableGroup);
  return groups;
}

export const randomScalar = (group: Group): Scalar => group.scalarFromWide(randomBytes(64));

/** One key in mandatory composition, its shares, and the same key as an RFC 9591 signer would hold it. */
export interface Material {
  readonly group: Group;
  readonly threshold: number;
  /** The signers: oracles 1..k-1 and the workload. */
  readonly signers: readonly number[];
  readonly shares: ReadonlyMap<number, Scalar>;
  readonly commitments: CommitmentVector;
  readonly publicKey: Point;
  readonly verifyKey: KeyObject;
  readonly message: Uint8Array;
}

/** A key for k signers, the workload among them, from a dealer: key generation is measured on its own. */
export function dealMaterial(group: Group, k: number): Material {
  const threshold = k - 1;
  const coefficients = Array.from({ length: threshold }, () => randomScalar(group));
  const commitments = commitToPolynomial(group, coefficients);
  const workload = randomScalar(group);
  const shares = new Map<number, Scalar>();
  for (let id = 1; id < k; id++) shares.set(id, evaluatePolynomial(group, coefficients, id));
  shares.set(WORKLOAD_IDENTIFIER, workload);
  const oracles = known(commitments[0], "F(0)");
  const publicKey = composePublicKey(group, group.baseMul(workload), oracles);
  return {
    group,
    threshold,
    signers: [...shares.keys()],
    shares,
    commitments,
    publicKey,
    verifyKey: keyObject(publicKey),
    message: randomBytes(256),
  };
}

export function shareOf({ shares }: Material, id: number): Scalar {
  return known(shares.get(id), `share ${id}`);
}

export function verifyingShareOf({ group, publicKey, commitments }: Material, id: number): Point {
  return id === WORKLOAD_IDENTIFIER
    ? workloadVerifyingShare(group, publicKey, commitments)
    : verifyingShare(group, commitments, id);
}

/** What makes a share of ours that of an RFC 9591 signer: Lagrange over ALL signers then gives our term. */
export function rescaling(group: Group, signers: readonly number[], id: number): Scalar {
  const inverse = group.scalarInvert(lagrangeCoefficient(group, signers, id));
  if (id === WORKLOAD_IDENTIFIER) return inverse;
  const oracles = signers.filter((signer) => signer !== WORKLOAD_IDENTIFIER);
  return group.scalarMul(lagrangeCoefficient(group, oracles, id), inverse);
}

/** The share an RFC 9591 signer must hold for the same key. */
export function rescaledShare(material: Material, id: number): Scalar {
  const { group, signers } = material;
  return group.scalarMul(shareOf(material, id), rescaling(group, signers, id));
}
