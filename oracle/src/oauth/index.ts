export type { OAuthDeps, OAuthInstance, OAuthRates, TokenSigner } from "./deps.ts";
export { EventTokens } from "./event-tokens.ts";
export {
  createLocalSigner,
  generateLocalKey,
  LOCAL_ALGS,
  type LocalAlg,
  type LocalSigner,
} from "./local-signer.ts";
export { depsOfNode } from "./node-deps.ts";
export { oauthRoutes } from "./oauth-routes.ts";
