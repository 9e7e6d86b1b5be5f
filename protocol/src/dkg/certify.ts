import { equalBytes } from "../bytes.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/index.ts";
import { giveUp } from "./give-up.ts";
import {
  type DealtKey,
  type DkgContext,
  type DkgOutput,
  type DkgSend,
  ignored,
  sendAll,
  sendTo,
} from "./machine.ts";
import { merkleRoot } from "./merkle.ts";
import { type Confirm, round1Hash } from "./messages.ts";
import { certificateInput, deriveKeyId } from "./pool-key.ts";
import { complete, type DkgKey, type DkgState, leave, withParty } from "./state.ts";
import { keyTree, poolKeys, statementOf, transcriptHash } from "./transcript.ts";

function ownConfirm(state: DkgState): Confirm {
  const own = state.confirms[state.party - 1];
  check(own !== undefined, "ERR_INTERNAL", "a ceremony without our own confirmation");
  return own;
}

function signatureHolds(group: Group, state: DkgState, party: number, view: Confirm): boolean {
  const key = state.params.voteKeys[party - 1];
  const input = certificateInput(statementOf(state.params, view));
  return key !== undefined && group.ed25519.verify(key, input, view.signature);
}

function agree(a: Confirm, b: Confirm): boolean {
  return equalBytes(a.transcript, b.transcript) && equalBytes(a.root, b.root);
}

/** Whoever may have told two stories: the dealers whose Round 1 differs, and the one who reports it. */
function suspectsOf(mine: Confirm, theirs: Confirm, from: number): readonly number[] {
  const dealers = mine.round1.flatMap((hash, i) =>
    equalBytes(hash, theirs.round1[i] ?? new Uint8Array()) ? [] : [i + 1],
  );
  return [...new Set([...dealers, from])].sort((a, b) => a - b);
}

/** All keys are computed and checked: signs the ceremony, unless another oracle already saw a different one. */
export function confirmKeys(context: DkgContext, state: DkgState, keys: readonly DkgKey[]): DkgOutput {
  const { params, party } = state;
  const hashes = (complete(state.round1) ?? []).map((message, i) =>
    round1Hash(params.ceremony, i + 1, message),
  );
  const view = {
    transcript: transcriptHash(params, hashes),
    root: merkleRoot(keyTree(params, keys)),
    round1: hashes,
  };
  const unsigned = { ...view, signature: new Uint8Array(64) };
  for (const [i, theirs] of state.confirms.entries()) {
    if (theirs !== undefined && !agree(unsigned, theirs)) {
      return giveUp(context, state, "ERR_DKG_TRANSCRIPT", suspectsOf(unsigned, theirs, i + 1));
    }
  }
  const confirm = { ...view, signature: context.sign(certificateInput(statementOf(params, view))) };
  const confirms = withParty(state.confirms, party, confirm);
  const next: DkgState = { ...state, phase: "confirming", keys, confirms };
  return certifyIfComplete(next, sendAll(next, { kind: "confirm", ...confirm }));
}

function certifyIfComplete(state: DkgState, send: readonly DkgSend[]): DkgOutput {
  if (complete(state.confirms) === undefined) return { state, send };
  const certified = leave(state, "certified");
  return { state: certified, send, done: dealtKeys(certified) };
}

/** A peer confirms. Kept unseen while we are still collecting; compared as soon as we have a view of our own. */
export function onConfirm(context: DkgContext, state: DkgState, from: number, theirs: Confirm): DkgOutput {
  if (state.phase !== "sharing" && state.phase !== "confirming") return ignored(state, "ERR_DKG_PHASE");
  if (state.confirms[from - 1] !== undefined) return ignored(state, "ERR_DKG_DUPLICATE");
  if (!signatureHolds(context.group, state, from, theirs)) {
    return giveUp(context, state, "ERR_DKG_SIGNATURE", [from]);
  }
  if (state.phase === "confirming" && !agree(ownConfirm(state), theirs)) {
    return giveUp(context, state, "ERR_DKG_TRANSCRIPT", suspectsOf(ownConfirm(state), theirs, from));
  }
  const next = { ...state, confirms: withParty(state.confirms, from, theirs) };
  return state.phase === "sharing" ? { state: next, send: [] } : certifyIfComplete(next, []);
}

/** A peer that is done shows all n signatures: they count also after we gave up waiting for them. */
export function onCertificate(
  context: DkgContext,
  state: DkgState,
  signatures: readonly Uint8Array[],
): DkgOutput {
  if (state.phase !== "confirming" && state.phase !== "aborting") return ignored(state, "ERR_DKG_PHASE");
  const own = ownConfirm(state);
  const confirms = state.params.voteKeys.map((_, i) => ({
    ...own,
    signature: signatures[i] ?? new Uint8Array(),
  }));
  const valid =
    signatures.length === confirms.length &&
    confirms.every((confirm, i) => signatureHolds(context.group, state, i + 1, confirm));
  if (!valid) return ignored(state, "ERR_DKG_CERTIFICATE");
  return certifyIfComplete({ ...state, confirms, failure: undefined }, []);
}

/** All n signatures of a certified ceremony, for a peer that lacks some. */
export function sendCertificate(state: DkgState, to: number): DkgSend {
  return sendTo(state, to, { kind: "certificate", signatures: certificateOf(state) });
}

function certificateOf(state: DkgState): readonly Uint8Array[] {
  return (complete(state.confirms) ?? []).map((confirm) => confirm.signature);
}

/** The outcome of a certified ceremony. */
export function dealtKeys(state: DkgState): readonly DealtKey[] {
  const keys = poolKeys(state.params, state.keys, ownConfirm(state).transcript, certificateOf(state));
  return keys.flatMap((poolKey, i) => {
    const share = state.keys[i]?.share;
    return share === undefined ? [] : [{ id: deriveKeyId(poolKey), poolKey, share }];
  });
}
