export { ed25519Jwk, identityKid, identityKidText } from "../oauth/thumbprint.ts";
export { IN_TOTO_PAYLOAD_TYPE, parsePae } from "./attestation.ts";
export { type Judgement, judgeMessage } from "./judge.ts";
export { TOLERANCES } from "./tolerances.ts";
export { looksTyped } from "./typed.ts";
