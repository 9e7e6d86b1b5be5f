export { ed25519Jwk, identityKid, identityKidText } from "../oauth/thumbprint.ts";
export { type Judgement, judgeMessage } from "./judge.ts";
export { TOLERANCES } from "./tolerances.ts";
export { looksTyped } from "./typed.ts";
