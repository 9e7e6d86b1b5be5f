export { accept, checkRatchet, type RatchetClaim, type RatchetOffer } from "./accept.ts";
export {
  addDelta,
  type Dealing,
  type DealOptions,
  deal,
  evaluate,
  ratchetCommitments,
  ratchetWorkloadShare,
} from "./deal.ts";
