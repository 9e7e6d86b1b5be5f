import { randomBytes } from "node:crypto";
import {
  aggregate,
  type Commitment,
  type CommitmentList,
  commit,
  commitmentList,
  nonceGenerate,
  type SignatureShare,
  type SigningNonces,
  type SigningPackage,
  signingPackage,
  signShare,
  type UncheckedCommitment,
  validateCommitment,
  verifyShare,
} from "@ipse/protocol/frost";
import type { Group, Point, Scalar } from "@ipse/protocol/group";
import type { Case } from "../measure/rounds.ts";
import { expectTrue, known, type Material, nodeVerifies, shareOf, verifyingShareOf } from "./material.ts";

export function commitAs(material: Material, id: number): SigningNonces {
  const { group } = material;
  const share = shareOf(material, id);
  const draw = (): Scalar => nonceGenerate(group, randomBytes(32), share);
  return commit(group, id, draw(), draw());
}

/** Commitments as they come off the wire: fresh buffers that nobody has looked at. */
function received(list: readonly Commitment[]): UncheckedCommitment[] {
  return list.map(({ identifier, hiding, binding }) => ({
    identifier,
    hiding: hiding.slice(),
    binding: binding.slice(),
  }));
}

/** Round two's list at one participant: everyone else's commitment checked, its own known. */
function checkedList(
  material: Material,
  own: SigningNonces,
  list: readonly UncheckedCommitment[],
): CommitmentList {
  const { identifier } = own.commitment;
  return commitmentList(
    list.map((entry) =>
      entry.identifier === identifier ? own.commitment : validateCommitment(material.group, entry),
    ),
  );
}

function packageOf(material: Material, commitments: CommitmentList, own?: SigningNonces): SigningPackage {
  const { group, threshold, publicKey: groupPublicKey, message } = material;
  const request = { rule: "mandatory", threshold, groupPublicKey, commitments, message } as const;
  return signingPackage(group, request, own);
}

/** Round one of everybody. */
interface Opening {
  readonly nonces: ReadonlyMap<number, SigningNonces>;
  readonly list: CommitmentList;
}

export function openRound(material: Material): Opening {
  const nonces = new Map(material.signers.map((id) => [id, commitAs(material, id)] as const));
  return { nonces, list: commitmentList([...nonces.values()].map(({ commitment }) => commitment)) };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export function commitCase(material: Material, name: string): Case {
  return {
    name,
    make: (count) => {
      const made: SigningNonces[] = [];
      return {
        run: () => {
          for (let i = 0; i < count; i++) made.push(commitAs(material, 1));
        },
        check: () => {
          const { group } = material;
          const [one] = made;
          expectTrue(
            one !== undefined && group.equal(group.baseMul(one.hiding), one.commitment.hiding),
            name,
          );
        },
      };
    },
  };
}

/** Oracle 1's part of round two. `prevalidated`: the commitments were checked when they arrived. */
export function signShareCase(material: Material, name: string, prevalidated: boolean): Case {
  const { group } = material;
  const share = shareOf(material, 1);
  const verifying = verifyingShareOf(material, 1);
  return {
    name,
    make: (count) => {
      const inputs = times(count, () => {
        const { nonces, list } = openRound(material);
        const own = known(nonces.get(1), "nonces");
        const wire = received(list);
        return { own, list, wire, arrived: prevalidated ? checkedList(material, own, wire) : undefined };
      });
      const shares: Scalar[] = [];
      return {
        run: () => {
          for (const { own, wire, arrived } of inputs) {
            const checked = arrived ?? checkedList(material, own, wire);
            shares.push(signShare(group, packageOf(material, checked, own), share, own));
          }
        },
        check: () => {
          const at = shares.length - 1;
          const signing = packageOf(material, known(inputs[at], name).list);
          expectTrue(verifyShare(group, signing, 1, verifying, known(shares[at], name)), name);
        },
      };
    },
  };
}

interface Finished {
  readonly signing: SigningPackage;
  readonly shares: readonly SignatureShare[];
}

/** A round with every share made, before anybody has looked at them. */
export function finishedRound(material: Material): Finished {
  const { nonces, list } = openRound(material);
  const signing = packageOf(material, list);
  const shares = [...nonces].map(([identifier, own]) => ({
    identifier,
    share: signShare(material.group, signing, shareOf(material, identifier), own),
  }));
  return { signing, shares };
}

/** The workload's end of a signature: it holds the package since it made its own share. */
export function aggregateCase(material: Material, name: string): Case {
  const noCulprits = (): Point => {
    throw new Error("asked for verifying shares of a good signature");
  };
  return {
    name,
    make: (count) => {
      const rounds = times(count, () => finishedRound(material));
      const signatures: Uint8Array[] = [];
      return {
        run: () => {
          for (const { signing, shares } of rounds)
            signatures.push(aggregate(material.group, signing, shares, noCulprits));
        },
        check: () => {
          expectTrue(signatures.length === count, name);
          for (const signature of signatures.slice(0, 8))
            expectTrue(nodeVerifies(material.verifyKey, material.message, signature), name);
        },
      };
    },
  };
}

/** One share checked on its own, as the workload does to name a culprit. */
export function verifyShareCase(material: Material, name: string): Case {
  const verifying = verifyingShareOf(material, 1);
  return {
    name,
    make: (count) => {
      const rounds = times(count, () => finishedRound(material));
      let good = 0;
      return {
        run: () => {
          for (const { signing, shares } of rounds) {
            const share = known(shares[0], name).share as Scalar;
            if (verifyShare(material.group, signing, 1, verifying, share)) good++;
          }
        },
        check: () => expectTrue(good === count, name),
      };
    },
  };
}

/**
 * One whole signature of all participants: each commits, checks the others' commitments, signs, aggregates
 * and verifies. In Ipse only the workload aggregates; everyone does here because every Torus signer does.
 * Each participant has a group of its own, so that none profits from what another has validated.
 */
export function signOnce(material: Material, groups: readonly Group[]): Uint8Array {
  const places = material.signers.map((id, i) => ({
    id,
    own: { ...material, group: known(groups[i], "group") },
  }));
  const nonces = places.map(({ id, own }) => commitAs(own, id));
  const wire = nonces.map(({ commitment }) => commitment);
  const signings: SigningPackage[] = [];
  const shares = places.map(({ id, own }, i) => {
    const mine = known(nonces[i], "nonces");
    const signing = packageOf(own, checkedList(own, mine, received(wire)), mine);
    signings.push(signing);
    return { identifier: id, share: signShare(own.group, signing, shareOf(own, id), mine) };
  });
  const signatures = places.map(({ own }, i) =>
    aggregate(own.group, known(signings[i], "package"), shares, (id) => verifyingShareOf(own, id)),
  );
  return known(signatures[0], "signature");
}

export function wholeSignCase(material: Material, groups: readonly Group[], name: string): Case {
  return {
    name,
    participants: material.signers.length,
    make: (count) => {
      const signatures: Uint8Array[] = [];
      return {
        run: () => {
          for (let i = 0; i < count; i++) signatures.push(signOnce(material, groups));
        },
        check: () => {
          for (const signature of signatures)
            expectTrue(nodeVerifies(material.verifyKey, material.message, signature), name);
        },
      };
    },
  };
}
