import type { Roster } from "@ipse/protocol/registry";
import {
  chainInput,
  evidenceInput,
  type ForkEvidence,
  headerHash,
  makeEvidence,
  verifyEvidence,
} from "@ipse/protocol/session";
import { decodeState } from "@ipse/protocol/session/workload";
import { Prng } from "../core/index.ts";
import { makeGenesis } from "../world/index.ts";
import type { Stage } from "./stage.ts";

/**
 * Evidence as all oracles together could make it: real certificates, real votes,
 * and a second header under keys of their own, since nobody but W has E.
 */
export function forgeEvidence(stage: Stage): ForkEvidence | undefined {
  const { world, instance, group, prng } = stage;
  const oracle = world.oracles.find(({ up }) => up);
  const enrollment = oracle?.node?.enrollment(instance);
  const [head, parent] = oracle?.node?.history(instance, 2) ?? [];
  if (enrollment === undefined || head === undefined || parent === undefined) return undefined;
  const own = prng.bytes(32);
  const header = {
    ...head.signed.header,
    nextChainKey: group.ed25519.publicKey(own),
    bodyHash: prng.bytes(32),
  };
  const forged = {
    header,
    chainSignature: group.ed25519.sign(own, chainInput(header)),
    evidenceSignature: prng.chance(0.5)
      ? head.signed.evidenceSignature
      : group.ed25519.sign(own, evidenceInput(header)),
  };
  if (headerHash(header).length !== 32) return undefined;
  return makeEvidence(enrollment, parent, head.signed, forged);
}

/** Whether evidence convinces a stranger who pins this roster (default: the real one). */
export function stands(
  stage: Stage,
  evidence: ForkEvidence,
  roster: Roster = stage.world.agentRoster,
): boolean {
  try {
    verifyEvidence(stage.group, roster, evidence);
    return true;
  } catch {
    return false;
  }
}

/**
 * Evidence that is perfect in a trust domain the forger made up: own operators, own
 * oracles, own instance. Whoever checks it against the evidence's own roster believes it.
 */
export function alienEvidence(stage: Stage): { readonly evidence: ForkEvidence; readonly roster: Roster } {
  const { group, topology, prng } = stage;
  const alien = makeGenesis(group, topology, new Prng("alien trust domain"));
  const { phase } = decodeState(alien.stateFile);
  if (phase.kind !== "live") throw new Error("the made-up instance is not enrolled");
  const head = phase.head.signed.header;
  const branch = () => {
    const header = {
      ...head,
      seq: head.seq + 1,
      parent: headerHash(head),
      kind: "heartbeat" as const,
      ratchet: false,
      nextChainKey: group.ed25519.publicKey(prng.bytes(32)),
    };
    return {
      header,
      chainSignature: group.ed25519.sign(phase.chainSeed, chainInput(header)),
      evidenceSignature: group.ed25519.sign(phase.evidenceSeed, evidenceInput(header)),
    };
  };
  const evidence = makeEvidence(phase.enrollment, phase.head, branch(), branch());
  return { evidence, roster: alien.cluster.roster };
}
