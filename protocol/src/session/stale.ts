import { constant, type Infer, signingInput, struct, u32 } from "../encoding/index.ts";
import { hash32, signature64 } from "../ids.ts";
import { aheadHeader, certifiedHeader } from "./certified.ts";

/**
 * "Somebody went on without me": what a workload says when safe start finds a
 * proven header above its own head that it did not make (SPEC section 8).
 * Signed by the chain key of head+1. `release` is the instance's release number
 * as read from operator-signed statements: after a release, old notices are void.
 */
export const staleNotice = struct({
  version: constant(1),
  rosterHash: hash32,
  instance: hash32,
  head: certifiedHeader,
  proof: aheadHeader,
  release: u32,
});
export type StaleNotice = Infer<typeof staleNotice>;

export const signedStaleNotice = struct({ notice: staleNotice, signature: signature64 });
export type SignedStaleNotice = Infer<typeof signedStaleNotice>;

export function staleInput(value: StaleNotice): Uint8Array {
  return signingInput("ipse/v1/stale", staleNotice, value);
}
