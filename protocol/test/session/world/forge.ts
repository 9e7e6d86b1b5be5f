import { commitmentVector, validateCommitment } from "../../../src/frost/index.ts";
import type { Point, Scalar } from "../../../src/group/group.ts";
import type { OpenedAgentMessage, OracleNode } from "../../../src/host/index.ts";
import { deal, evaluate, ratchetCommitments } from "../../../src/ratchet/index.ts";
import { rosterHash } from "../../../src/registry/roster.ts";
import { type Body, bodyHash, EMPTY_BODY } from "../../../src/session/body.ts";
import type { CertifiedHeader } from "../../../src/session/certified.ts";
import {
  chainInput,
  evidenceInput,
  type Header,
  headerHash,
  type SignedHeader,
} from "../../../src/session/header.ts";
import { type Commit, commitInput, type NonceSlot, type SignedCommit } from "../../../src/session/signing.ts";
import type { StaleNotice } from "../../../src/session/stale.ts";
import {
  assembleCertificate,
  type Certificate,
  type SignedVote,
  voteInput,
} from "../../../src/session/vote.ts";
import type { DurableState } from "../../../src/session/workload/index.ts";
import type { OracleMessage } from "../../../src/wire/session.ts";
import { seededRandom } from "../../group/backends.ts";
import { type Cast, group } from "./cast.ts";

export type Live = Extract<DurableState["phase"], { kind: "live" }>;

/** What a thief of this state can make: the head it builds on and the keys that go with it. */
export interface Stolen {
  readonly head: CertifiedHeader;
  readonly chainSeed: Uint8Array;
  readonly evidenceSeed: Uint8Array;
}

export interface ForgedStep {
  readonly signed: SignedHeader;
  readonly body: Body;
  readonly parent: CertifiedHeader;
  /** Seed of the chain key that the header announces. */
  readonly chainSeed: Uint8Array;
  /** A_i per oracle where the step is a ratchet. */
  readonly deltas: readonly Uint8Array[];
}

/** A step above the stolen head, as a copy of the workload would sign it; `name` makes it another one. */
export function forgeStep(
  stolen: Stolen,
  name: string,
  body: Body = EMPTY_BODY,
  fields: Partial<Header> = {},
): ForgedStep {
  const parent = stolen.head.signed.header;
  const chainSeed = seededRandom(`forged/${name}`)(32);
  const ratchet = body.ratchet !== undefined;
  const header: Header = {
    version: 1,
    rosterHash: parent.rosterHash,
    instance: parent.instance,
    seq: parent.seq + 1,
    parent: headerHash(parent),
    kind: body.messages.length > 0 ? "sign" : "heartbeat",
    bodyHash: bodyHash(body),
    ratchet,
    shareVersion: parent.shareVersion + (ratchet ? 1 : 0),
    groupEpoch: parent.groupEpoch,
    identityKeyVersion: parent.identityKeyVersion,
    nextChainKey: group.ed25519.publicKey(chainSeed),
    ...fields,
  };
  const signed = {
    header,
    chainSignature: group.ed25519.sign(stolen.chainSeed, chainInput(header)),
    evidenceSignature: group.ed25519.sign(stolen.evidenceSeed, evidenceInput(header)),
  };
  return { signed, body, parent: stolen.head, chainSeed, deltas: [] };
}

/** A ratchet above the head: D is drawn, the new vector and each oracle's delta since its base are right. */
export function forgeRatchet(live: Live, name: string, commitments = live.commitments): ForgedStep {
  const random = seededRandom(`ratchet/${name}`);
  const dealing = deal(group, { threshold: commitments.length, random });
  const vector = ratchetCommitments(group, commitmentVector(group, commitments as Point[]), dealing);
  const bases = live.lags.map(({ base }) => base);
  const deltas = live.lags.map(({ delta }, index) => {
    const own = evaluate(group, dealing, index + 1);
    return delta === undefined ? own : group.scalarAdd(delta as Scalar, own);
  });
  const step = forgeStep(live, name, { messages: [], ratchet: { commitments: vector, bases } });
  return { ...step, deltas };
}

/** The thief's next head. */
export function goOn(stolen: Stolen, step: ForgedStep, qc: Certificate): Stolen {
  return {
    head: { signed: step.signed, qc },
    chainSeed: step.chainSeed,
    evidenceSeed: stolen.evidenceSeed,
  };
}

export function stepMessage(step: ForgedStep, delta?: Uint8Array): OpenedAgentMessage {
  return { kind: "step", signed: step.signed, body: step.body, parent: step.parent, delta };
}

/** A vote that these oracles would sign if they were corrupt. */
export function forgeVote(
  cast: Cast,
  oracle: number,
  header: Header,
  counter: number,
  shareOk = true,
): SignedVote {
  const vote = {
    version: 1 as const,
    oracle,
    rosterHash: header.rosterHash,
    instance: header.instance,
    seq: header.seq,
    headerHash: headerHash(header),
    shareOk,
    shareVersion: header.shareVersion,
    counter,
  };
  const seed = cast.voteSeeds[oracle - 1] ?? new Uint8Array(32);
  return { vote, signature: group.ed25519.sign(seed, voteInput(vote)) };
}

/** A certificate that corrupt oracles made. */
export function forgeCertificate(cast: Cast, header: Header, oracles: readonly number[]): Certificate {
  return assembleCertificate(
    oracles.map((oracle) => forgeVote(cast, oracle, header, 1_000_000 + header.seq)),
  );
}

/** A COMMIT of the step over the given slots; W's own commitments are any valid points. */
export function forgeCommit(
  stolen: Stolen,
  step: ForgedStep,
  qc: Certificate,
  slots: readonly (readonly [oracle: number, slot: NonceSlot])[],
  name = "commit",
): SignedCommit {
  const random = seededRandom(name);
  const point = (): Uint8Array => group.baseMul(group.scalarFromWide(random(64)));
  const { header } = step.signed;
  const commit: Commit = {
    version: 1,
    instance: header.instance,
    seq: header.seq,
    headerHash: headerHash(header),
    shareVersion: header.shareVersion,
    qc,
    slots: slots.map(([oracle, { bootId, slotId }]) => ({ oracle, bootId, slotId })),
    commitmentLists: step.body.messages.map((_, j) => [
      ...slots.map(([identifier, slot]) => {
        const { hiding, binding } = slot.commitments[j] ?? { hiding: point(), binding: point() };
        return validateCommitment(group, { identifier, hiding, binding });
      }),
      { identifier: 65535, hiding: point(), binding: point() },
    ]),
  };
  return { commit, signature: group.ed25519.sign(stolen.chainSeed, commitInput(commit)) };
}

/** Asks an oracle and waits for its answer. */
export function ask(
  loop: { until(holds: () => boolean): void },
  node: OracleNode,
  message: OpenedAgentMessage,
): OracleMessage {
  let answer: OracleMessage | undefined;
  node.onAgentMessage(message, (said) => {
    answer = said;
  });
  loop.until(() => answer !== undefined);
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

export function rosterOf(cast: Cast): Uint8Array {
  return rosterHash(cast.roster);
}

/** What the holder of the stolen head would say on seeing a step above it. */
export function forgeStaleNotice(
  { head }: Stolen,
  { signed }: Pick<ForgedStep, "signed">,
  fields: Partial<StaleNotice> = {},
): StaleNotice {
  const { rosterHash: roster, instance } = signed.header;
  return {
    version: 1,
    rosterHash: roster,
    instance,
    head,
    proof: { signed, qc: undefined },
    release: 0,
    ...fields,
  };
}
