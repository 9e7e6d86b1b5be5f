import { equalBytes } from "../bytes.ts";
import { dealtKeys, onCertificate, onConfirm, sendCertificate } from "./certify.ts";
import { onAbort, onTimeout } from "./give-up.ts";
import {
  type DkgContext,
  type DkgInput,
  type DkgOutput,
  type DkgSend,
  ignored,
  peers,
  round2For,
  sendAll,
  sendTo,
} from "./machine.ts";
import { type DkgMessage, decodeDkgMessage } from "./messages.ts";
import { checkParams, type DkgParams } from "./params.ts";
import { dealPolynomials, sharesFor } from "./polynomials.ts";
import { onRound1, onRound2 } from "./rounds.ts";
import { complete, type DkgState, withParty } from "./state.ts";

export interface DkgStart {
  readonly params: DkgParams;
  readonly party: number;
  /** Fresh secret bytes: 64 for each coefficient and each proof. */
  readonly random: (length: number) => Uint8Array;
}

/** Begins a ceremony at one oracle. Throws ERR_DKG_PARAMS. */
export function dkgStart(context: DkgContext, { params, party, random }: DkgStart): DkgOutput {
  checkParams(params, party);
  const { group } = context;
  const { polynomials, round1 } = dealPolynomials(group, params, party, random);
  const nobody = params.voteKeys.map(() => undefined);
  const state: DkgState = {
    version: 1,
    params,
    party,
    phase: "sharing",
    polynomials,
    round1: withParty(nobody, party, round1),
    dealt: withParty(nobody, party, sharesFor(group, polynomials, party)),
    confirms: nobody,
    aborts: nobody,
    keys: [],
    failure: undefined,
  };
  return { state, send: sendAll(state, { kind: "round1", ...round1 }) };
}

/**
 * One step of a ceremony. Inputs may come in any order and any number of times. Never throws over what a
 * peer sent: it is ignored with a code, or the ceremony is given up with code and culprits.
 */
export function dkgStep(context: DkgContext, state: DkgState, input: DkgInput): DkgOutput {
  switch (input.kind) {
    case "timeout":
      return onTimeout(context, state);
    case "resume":
      return resume(context, state, input.to === undefined ? peers(state) : [input.to]);
    case "message":
      return onPayload(context, state, input.from, input.payload);
  }
}

function onPayload(context: DkgContext, state: DkgState, from: number, payload: Uint8Array): DkgOutput {
  let message: DkgMessage;
  try {
    message = decodeDkgMessage(payload);
  } catch {
    return ignored(state, "ERR_ENCODING");
  }
  if (!equalBytes(message.ceremony, state.params.ceremony)) return ignored(state, "ERR_DKG_CEREMONY");
  if (message.party !== from || !peers(state).includes(from)) return ignored(state, "ERR_DKG_SENDER");
  const { body } = message;
  if (state.phase === "certified" && body.kind !== "certificate") {
    // Only an oracle that gave up needs an answer; anything else may be an old message on its way.
    if (body.kind !== "abort") return ignored(state, "ERR_DKG_PHASE");
    return { ...ignored(state, "ERR_DKG_PHASE"), send: [sendCertificate(state, from)] };
  }
  switch (body.kind) {
    case "round1":
      return onRound1(context, state, from, body);
    case "round2":
      return onRound2(context, state, from, body);
    case "confirm":
      return onConfirm(context, state, from, body);
    case "abort":
      return onAbort(context, state, from, body);
    case "certificate":
      return onCertificate(context, state, body.signatures);
  }
}

/** What a peer that missed everything so far needs from us. After a restart it also repeats the outcome. */
function resume(context: DkgContext, state: DkgState, to: readonly number[]): DkgOutput {
  const send = to.flatMap((peer) => repeatFor(context, state, peer));
  if (state.phase === "certified") return { state, send, done: dealtKeys(state) };
  if (state.failure === undefined) return { state, send };
  return { state, send, abort: { ...state.failure, settled: state.phase === "aborted" } };
}

function repeatFor(context: DkgContext, state: DkgState, peer: number): readonly DkgSend[] {
  if (state.phase === "certified") return [sendCertificate(state, peer)];
  const send: DkgSend[] = [];
  const at = state.party - 1;
  const abort = state.aborts[at];
  if (abort !== undefined) return [sendTo(state, peer, { kind: "abort", ...abort })];
  const round1 = state.round1[at];
  if (round1 !== undefined) send.push(sendTo(state, peer, { kind: "round1", ...round1 }));
  if (complete(state.round1) !== undefined) send.push(round2For(context.group, state, peer));
  const confirm = state.confirms[at];
  if (confirm !== undefined) send.push(sendTo(state, peer, { kind: "confirm", ...confirm }));
  return send;
}
