import { fromBase64Url, toBase64Url } from "../bytes.ts";
import { constant, signingInput, struct, u64 } from "../encoding/index.ts";
import { hash32, oracleId } from "../ids.ts";

/** How long one nonce is given out; it is accepted for up to twice as long. */
export const DPOP_NONCE_STEP_MS = 120_000;

const nonce = struct({ version: constant(1), oracle: oracleId, rosterHash: hash32, step: u64 });

/**
 * Server nonces for DPoP proofs (RFC 9449 section 8) that every oracle of a cluster recognizes: the time step,
 * under the vote key of the oracle that gave it out. No shared secret, nothing kept.
 */
export interface DpopNonceName {
  readonly oracle: number;
  readonly rosterHash: Uint8Array;
  readonly step: number;
}

export function dpopNonceStep(nowMs: number): number {
  return Math.floor(nowMs / DPOP_NONCE_STEP_MS);
}

/** The bytes the vote key signs. */
export function dpopNonceInput(name: DpopNonceName): Uint8Array {
  return signingInput("ipse/v1/dpop-nonce", nonce, { version: 1, ...name });
}

/** As it stands in the DPoP-Nonce header. */
export function formatDpopNonce({ oracle, step }: DpopNonceName, signature: Uint8Array): string {
  return `${oracle}.${step.toString(36)}.${toBase64Url(signature)}`;
}

const FORM = /^([1-9][0-9]?)\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{86})$/;

/** The parts of a nonce of this or the last step; undefined for anything else. The signature is NOT verified here. */
export function parseDpopNonce(
  text: string,
  nowMs: number,
): { readonly oracle: number; readonly step: number; readonly signature: Uint8Array } | undefined {
  const [, id, steps = "", encoded = ""] = FORM.exec(text) ?? [];
  const signature = fromBase64Url(encoded);
  if (id === undefined || signature?.length !== 64) return undefined;
  const [step, now] = [Number.parseInt(steps, 36), dpopNonceStep(nowMs)];
  // Another oracle's clock may be a little ahead of ours.
  const ahead = dpopNonceStep(nowMs + DPOP_NONCE_STEP_MS / 4);
  return step >= now - 1 && step <= ahead ? { oracle: Number(id), step, signature } : undefined;
}
