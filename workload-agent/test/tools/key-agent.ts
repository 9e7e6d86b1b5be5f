import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { IpseError } from "@ipse/protocol";
import { jwkThumbprint, type PublicJwk } from "@ipse/protocol/oauth";
import { judgeMessage } from "@ipse/protocol/policy";
import type { AgentService, IdentityReport } from "../../src/api/index.ts";
import { agentStub } from "./agent-stub.ts";

const WORKLOAD = {
  spiffeId: "spiffe://dev.ipse/a",
  deleted: false,
  resources: ["https://api.example"],
  scopes: ["read"],
  ttlSeconds: 300,
  onStale: "quarantine",
  allowRaw: false,
  kind: "workload",
} as const;
export const OWN_ISSUER = "https://issuer.example";

export interface KeyAgent {
  readonly service: AgentService;
  readonly identity: IdentityReport;
  readonly publicKey: KeyObject;
  /** Signatures given so far. */
  readonly signed: () => number;
}

/** An agent that signs with one ordinary key what the oracles' own judge allows. */
export function keyAgent(more: Partial<AgentService> = {}): KeyAgent {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const x = publicKey.export({ format: "jwk" }).x ?? "";
  const jwk: PublicJwk = { kty: "OKP", crv: "Ed25519", x };
  const kid = jwkThumbprint(jwk);
  const identity: IdentityReport = {
    spiffe_id: WORKLOAD.spiffeId,
    trust_domain: "dev.ipse",
    issuer: OWN_ISSUER,
    instance: "00",
    kid,
    jwk: { kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" },
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
  let count = 0;
  const service = agentStub({
    identity: () => identity,
    sign: async (type, payload) => {
      const message = { type, payload };
      const nowMs = Date.now();
      const denied = judgeMessage({ message, workload: WORKLOAD, kid, issuer: OWN_ISSUER, nowMs });
      if (denied !== undefined) throw new IpseError(denied, "denied");
      count++;
      return { signature: new Uint8Array(sign(null, payload, privateKey)), seq: count };
    },
    ...more,
  });
  return { service, identity, publicKey, signed: () => count };
}
