import type { PublicJwk } from "@ipse/protocol/oauth";
import { publicJwk } from "@ipse/protocol/oauth";
import type { MessageType } from "@ipse/protocol/session";
import type { AgentService } from "../api/service.ts";
import type { DpopKey } from "../tokens/dpop.ts";

/** A key that signs requests, under the names JOSE and RFC 9421 have for its algorithm. */
export interface RequestSigner {
  readonly jwk: PublicJwk;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly jose: "ES256" | "EdDSA";
  /** https://www.iana.org/assignments/http-message-signature */
  readonly http: "ecdsa-p256-sha256" | "ed25519";
  sign(type: MessageType, message: Uint8Array): Promise<Uint8Array>;
}

/** What signing takes from the agent. */
export type SigningAgent = Pick<AgentService, "identity" | "status" | "sign" | "token" | "proof">;

/** An ephemeral key: lives in this process alone and costs no step. */
export function ephemeralSigner(key: DpopKey): RequestSigner {
  return {
    jwk: publicJwk.parse(key.publicJwk),
    kid: key.jkt,
    jose: "ES256",
    http: "ecdsa-p256-sha256",
    sign: (_type, message) => key.sign(message),
  };
}

/** The instance's own key: one threshold step for every signature, and the oracles judge each. */
export function thresholdSigner(agent: SigningAgent): RequestSigner {
  const { kid, jwk } = agent.identity();
  const { kty, crv, x } = jwk;
  return {
    jwk: publicJwk.parse({ kty, crv, x, alg: "EdDSA" }),
    kid,
    jose: "EdDSA",
    http: "ed25519",
    sign: async (type, message) => (await agent.sign(type, message)).signature,
  };
}
