import { errorCode, IpseError } from "../errors.ts";
import { type DkgContext, type DkgOutput, type DkgSend, ignored, sendAll } from "./machine.ts";
import { type Abort, type Accusation, abortInput, accusationInput } from "./messages.ts";
import { complete, type DkgState, leave, missing, withParty } from "./state.ts";

/**
 * Giving up. Before we signed the ceremony nobody can hold a certificate, so our shares go at once. After
 * that somebody may: the shares stay until a certificate turns up or all n oracles signed that they give up,
 * which no honest oracle does that holds a certificate.
 */
function leaveWith(
  context: DkgContext,
  state: DkgState,
  accusation: Accusation,
  culprits: readonly number[],
): DkgOutput {
  const { params, party } = state;
  const own: Abort = { accusation, signature: context.sign(abortInput(params.ceremony, party)) };
  const aborts = withParty(state.aborts, party, own);
  const failure = { code: accusation.code, culprits };
  const left = leave({ ...state, aborts, failure }, state.phase === "sharing" ? "aborted" : "aborting");
  return settled(left, sendAll(state, { kind: "abort", ...own }));
}

/** The output of a state that gave up, closed when all n did. */
function settled(state: DkgState, send: readonly DkgSend[]): DkgOutput {
  const closed = state.phase === "aborting" && complete(state.aborts) !== undefined;
  const next = closed ? leave(state, "aborted") : state;
  const { code, culprits } = next.failure ?? { code: "ERR_DKG_ABORTED", culprits: [] };
  return { state: next, send, abort: { code, culprits, settled: next.phase === "aborted" } };
}

/** Gives up for a reason of our own, naming those we found at fault. */
export function giveUp(
  context: DkgContext,
  state: DkgState,
  code: string,
  culprits: readonly number[],
): DkgOutput {
  const claim = { party: state.party, code, culprits };
  const signature = context.sign(accusationInput(state.params.ceremony, claim));
  return leaveWith(context, state, { ...claim, signature }, culprits);
}

/** Gives up over what a check threw; anything but a blamed protocol error is a bug and goes on up. */
export function giveUpOver(context: DkgContext, state: DkgState, error: unknown): DkgOutput {
  if (!(error instanceof IpseError) || !errorCode(error).startsWith("ERR_DKG_")) throw error;
  return giveUp(context, state, error.code, error.culprits);
}

/** The host's patience is over: names the parties whose part of this phase is missing. */
export function onTimeout(context: DkgContext, state: DkgState): DkgOutput {
  if (state.phase !== "sharing" && state.phase !== "confirming") return ignored(state, "ERR_DKG_PHASE");
  // A party sends Round 2 when it has all of Round 1, so who lacks in Round 1 comes first.
  const stages = state.phase === "sharing" ? [state.round1, state.dealt] : [state.confirms];
  const silent = stages.map(missing).find((parties) => parties.length > 0) ?? [];
  return giveUp(context, state, "ERR_DKG_TIMEOUT", silent);
}

/**
 * Another oracle gave up, so the ceremony cannot complete any more. Whose fault it is cannot be seen from
 * here: a complaint about a private share makes suspects of accused and accuser alike.
 */
export function onAbort(context: DkgContext, state: DkgState, from: number, abort: Abort): DkgOutput {
  const { params } = state;
  const { accusation } = abort;
  const signedBy = (signer: number, input: Uint8Array, signature: Uint8Array): boolean => {
    const key = params.voteKeys[signer - 1];
    return key !== undefined && context.group.ed25519.verify(key, input, signature);
  };
  const valid =
    signedBy(from, abortInput(params.ceremony, from), abort.signature) &&
    signedBy(accusation.party, accusationInput(params.ceremony, accusation), accusation.signature);
  if (!valid) return ignored(state, "ERR_DKG_SIGNATURE");

  if (state.phase === "aborted") return ignored(state, "ERR_DKG_PHASE");
  const stored = { ...state, aborts: withParty(state.aborts, from, abort) };
  if (state.phase === "aborting") return settled(stored, []);
  const suspects = [...new Set([...accusation.culprits, accusation.party])].sort((a, b) => a - b);
  return leaveWith(context, stored, accusation, suspects);
}
