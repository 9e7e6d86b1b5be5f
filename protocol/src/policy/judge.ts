import { check, errorCode } from "../errors.ts";
import { checkAssertionClaims, checkAssertionGrants } from "../oauth/assertion.ts";
import { parseSigningInput } from "../oauth/jwt.ts";
import type { Workload } from "../registry/statement.ts";
import type { Message } from "../session/body.ts";
import { judgeAttestation } from "./attestation.ts";
import { judgeHttpSignature } from "./http-signature.ts";
import { looksTyped } from "./typed.ts";
import { judgeWimse } from "./wimse.ts";

export interface Judgement {
  readonly message: Message;
  /** The workload as the registry has it now; undefined when it was never created or is deleted. */
  readonly workload: Workload | undefined;
  /** RFC 7638 thumbprint of the instance's identity key (oauth/thumbprint.ts, identityKidText). */
  readonly kid: string;
  /** The cluster's own issuer URL. */
  readonly issuer: string;
  /** Audiences allowed beyond our issuer and the workload's resources. */
  readonly allowedAudiences?: readonly string[];
  readonly nowMs: number;
}

function judgeAssertion(on: Judgement, workload: Workload): void {
  const { kid, nowMs } = on;
  const jwt = parseSigningInput(on.message.payload);
  const claims = checkAssertionClaims(jwt, { spiffeId: workload.spiffeId, kid, nowMs });
  if (claims.aud === on.issuer) checkAssertionGrants(claims, workload);
  const audiences = [on.issuer, ...workload.resources, ...(on.allowedAudiences ?? [])];
  check(audiences.includes(claims.aud), "ERR_POLICY_AUDIENCE", "an audience the workload may not address");
}

function judgeRaw(payload: Uint8Array, workload: Workload): void {
  check(workload.allowRaw, "ERR_POLICY_RAW", "the workload may not sign raw bytes");
  check(!looksTyped(payload), "ERR_POLICY_RAW_TYPED", "the bytes could pass for a typed message");
}

function judge(on: Judgement): void {
  const { message, workload, nowMs } = on;
  check(workload !== undefined && !workload.deleted, "ERR_POLICY_WORKLOAD", "the workload does not exist");
  switch (message.type) {
    case "assertion":
      judgeAssertion(on, workload);
      break;
    case "raw":
      judgeRaw(message.payload, workload);
      break;
    case "attestation":
      judgeAttestation(message.payload);
      break;
    case "http-signature":
      judgeHttpSignature(message.payload);
      break;
    case "wimse":
      judgeWimse(message.payload, workload.spiffeId, nowMs);
      break;
  }
}

/**
 * Judges one message at COMMIT (SPEC section 10): undefined allows it, a code is what the DENY says. It can
 * only withhold a signature share; the step stays certified. An assertion's audience is our issuer, a URL of
 * the workload's resources, or one of `allowedAudiences`. Attestations, HTTP signatures and WIMSE tokens are
 * open to every workload; only their form is judged, so that none can pass for another.
 * Never throws: what goes wrong inside denies.
 */
export function judgeMessage(on: Judgement): string | undefined {
  try {
    judge(on);
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}
