import { type Infer, struct, u64 } from "../encoding/index.ts";
import { hash32, scalar32 } from "../ids.ts";
import { issuerKey } from "../issuer/issuer-key.ts";
import { table } from "./table.ts";

/** Issuer keys this oracle knows, with the time at which it learned of the certificate; key: issuer key id. */
const issuerKeyRecord = struct({ issuerKey, certifiedAtMs: u64 });
export type IssuerKeyRecord = Infer<typeof issuerKeyRecord>;
export const issuerKeys = table("issuer-key", issuerKeyRecord);

/** SECRET: this oracle's shares of them, apart from the pool's, so that no enrollment ever gets at one. */
export const issuerShares = table("issuer-share", struct({ share: scalar32 }));

const tokenBurn = struct({ untilMs: u64, digest: hash32 });
export type TokenBurn = Infer<typeof tokenBurn>;
/** Uses that are spent, by burn key, with the digest of the one attempt that spent each. */
export const tokenBurns = table("token-burn", tokenBurn);
