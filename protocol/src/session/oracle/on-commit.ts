import { equalBytes } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import { validateCommitment, WORKLOAD_IDENTIFIER } from "../../frost/index.ts";
import type { CertifiedHeader } from "../certified.ts";
import { headerHash, type SignedHeader } from "../header.ts";
import { type Commit, commitInput, type SignedCommit } from "../signing.ts";
import { certInput } from "../vote.ts";
import { adopt, certifiedVerifies, eraseByWord } from "./adopt.ts";
import { selfOf, shareAt } from "./cast-vote.ts";
import {
  type ListedCommitments,
  type OracleContext,
  type Outcome,
  refusal,
  refuse,
  UNPROVEN,
} from "./context.ts";
import { InstanceDraft } from "./draft.ts";
import { forkRow, otherThan } from "./fork.ts";
import { refuseStatus } from "./on-step.ts";

/** The header a COMMIT or CERT is about, as I know it: my head, my vote, an undecided one. */
function headerOf(draft: InstanceDraft, seq: number, hash: Uint8Array): SignedHeader | undefined {
  return draft.headersAt(seq).find((signed) => equalBytes(headerHash(signed.header), hash));
}

/** Decodes and checks the commitment lists: one per message, W and exactly the named signers, in order. My own stay as they came. */
function checkLists(context: OracleContext, commit: Commit, quorum: number): readonly ListedCommitments[] {
  const signers = commit.slots.map((slot) => slot.oracle);
  const ordered = signers.every((id, i) => i === 0 || id > (signers[i - 1] ?? 0));
  if (!ordered || signers.length < quorum || !signers.includes(context.oracle)) {
    throw new IpseError(
      "ERR_COMMIT_SIGNERS",
      "the signer set is unordered, too small or without this oracle",
    );
  }
  const expected = [...signers, WORKLOAD_IDENTIFIER];
  return commit.commitmentLists.map((entries) => {
    const matches =
      entries.length === expected.length && entries.every((e, i) => e.identifier === expected[i]);
    if (!matches)
      throw new IpseError("ERR_COMMIT_LIST", "a commitment list is not for the workload and the signer set");
    const at = signers.indexOf(context.oracle);
    const checked = (from: number, to?: number) =>
      entries.slice(from, to).map((entry) => validateCommitment(context.group, entry));
    const own = entries[at];
    if (own === undefined) throw new IpseError("ERR_COMMIT_SIGNERS", "a commitment list without this oracle");
    return { before: checked(0, at), own, after: checked(at + 1) };
  });
}

/**
 * Handles COMMIT. The QC makes its step my head; nonces are only touched when it is
 * my head, I have voted nothing above it, and the instance is active (SPEC
 * section 5). Policy is judged by the host at the moment of signing.
 */
export function onCommit(context: OracleContext, input: SignedCommit): Outcome {
  const { commit } = input;
  const draft = InstanceDraft.load(context, commit.instance);
  if (draft === undefined) return refuse("ERR_INSTANCE_UNKNOWN", "no such instance here");
  const signed = headerOf(draft, commit.seq, commit.headerHash);
  if (signed === undefined) return refuse("ERR_STEP_UNKNOWN", "send the STEP first");
  const parent = draft.certifiedAt(commit.seq - 1);
  const chainKey = parent?.signed.header.nextChainKey;
  if (chainKey === undefined) return refuse("ERR_STEP_UNKNOWN", "send the STEP with its parent first");
  if (!context.group.ed25519.verify(chainKey, commitInput(commit), input.signature)) {
    return refuse("ERR_COMMIT_SIGNATURE", "the COMMIT is not under the step's chain key");
  }
  const certified: CertifiedHeader = { signed, qc: commit.qc };
  if (!certifiedVerifies(draft, certified)) return refuse("ERR_COMMIT_QC", "the certificate does not verify");
  adopt(draft, certified);
  if (draft.headSeq === commit.seq) eraseByWord(draft, commit.qc);
  return sign(draft, commit, signed);
}

function sign(draft: InstanceDraft, commit: Commit, signed: SignedHeader): Outcome {
  const { context, record } = draft;
  const end = (code: string, message: string): Outcome => {
    draft.effect(refusal(code, message));
    return draft.outcome();
  };
  if (record.status !== "active") {
    refuseStatus(draft);
    return draft.outcome();
  }
  if (selfOf(context).fenced)
    return end("ERR_ORACLE_FENCED", "this oracle was rolled back and does not sign");
  const above = record.vote !== undefined && record.vote.signed.header.seq > commit.seq;
  if (draft.headSeq !== commit.seq || above)
    return end("ERR_STEP_SUPERSEDED", "signing happens only at the head");
  const { shareVersion } = signed.header;
  const share = shareAt(draft, shareVersion);
  if (commit.shareVersion !== shareVersion || share === undefined) {
    return end("ERR_NO_SHARE", `this oracle holds no share of version ${commit.shareVersion}`);
  }
  try {
    const lists = checkLists(context, commit, record.constants.threshold);
    const subject = { instance: draft.id, seq: commit.seq, headerHash: commit.headerHash };
    const { identityKey, spiffeId } = record.constants;
    draft.effect({ kind: "sign", subject, commit, lists, share, identityKey, spiffeId });
    return draft.outcome();
  } catch (error) {
    if (error instanceof IpseError) return end(error.code, error.message);
    throw error;
  }
}

/**
 * Handles CERT, from an agent or a peer. `acknowledge` answers with certAck; `word` is the workload's signature
 * under the chain key that the header announces: it holds this certificate.
 */
export function onCert(
  context: OracleContext,
  certified: CertifiedHeader,
  acknowledge: boolean,
  word?: Uint8Array,
): Outcome {
  const { header } = certified.signed;
  const draft = InstanceDraft.load(context, header.instance);
  if (draft === undefined) {
    const effects = [refusal("ERR_INSTANCE_UNKNOWN", "send the certificate of the ENROLL with its body")];
    return {
      mutations: [],
      effects: acknowledge ? effects : [{ kind: "fetch", instance: header.instance, seq: 0 }],
    };
  }
  if (!certifiedVerifies(draft, certified)) {
    return acknowledge ? refuse("ERR_CERT_QC", "the certificate does not verify") : UNPROVEN;
  }
  // A second header of a seq: evidence, if its parent is known; adoption settles the rest.
  const forks = header.seq > 0 && otherThan(draft, certified.signed) !== undefined;
  const parent = forks ? draft.certifiedAt(header.seq - 1) : undefined;
  if (parent !== undefined) forkRow(draft, certified.signed, parent);
  adopt(draft, certified);
  const { nextChainKey } = header;
  const own = word !== undefined && draft.headSeq === header.seq;
  if (own && context.group.ed25519.verify(nextChainKey, certInput(certified.qc), word))
    eraseByWord(draft, certified.qc);
  if (acknowledge) {
    draft.effect({ kind: "acknowledge", instance: draft.id, seq: header.seq });
  }
  return draft.outcome();
}
