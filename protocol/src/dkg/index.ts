export type {
  DealtKey,
  DkgAbort,
  DkgContext,
  DkgInput,
  DkgOutput,
  DkgSend,
} from "./machine.ts";
export { merkleLevels, merklePath, merkleRoot } from "./merkle.ts";
export { type DkgMessage, decodeDkgMessage, dkgMessage, encodeDkgMessage } from "./messages.ts";
export { ceremonyKeysMax, checkParams, type DkgParams, dkgParams } from "./params.ts";
export {
  type CeremonyStatement,
  certificateInput,
  deriveKeyId,
  leafOf,
  type PoolKey,
  type PoolKeyRoster,
  poolKey,
  verifyPoolKey,
} from "./pool-key.ts";
export {
  DKG_PHASES,
  type DkgPhase,
  type DkgState,
  decodeDkgState,
  dkgState,
  encodeDkgState,
  wipeDkgState,
} from "./state.ts";
export { type DkgStart, dkgStart, dkgStep } from "./step.ts";
