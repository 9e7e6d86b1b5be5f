export { type InitOptions, initOracle } from "./init.ts";
export {
  addSignatures,
  planRoster,
  type RosterPlan,
  type RosterWithEndpoints,
  signAll,
} from "./make-roster.ts";
export { type PublicHalf, parseOperator, publicHalfJson, readPublicHalf } from "./public-half.ts";
