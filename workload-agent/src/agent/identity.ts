import { createPublicKey } from "node:crypto";
import { toBase64Url, toHex } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import { identityKidText } from "@ipse/protocol/policy";
import type { Roster } from "@ipse/protocol/registry";
import { type Enrollment, identityKeyOf } from "@ipse/protocol/session";
import type { IdentityReport } from "../api/service.ts";

/** The public face of an enrolled instance: an ordinary Ed25519 key under three names. */
export function identityReport(group: Group, roster: Roster, enrollment: Enrollment): IdentityReport {
  const { signed, body } = enrollment;
  const publicKey = identityKeyOf(group, body);
  const kid = identityKidText(publicKey);
  const bare = { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) };
  const pem = createPublicKey({ key: bare, format: "jwk" }).export({ type: "spki", format: "pem" });
  return {
    spiffe_id: body.ticket.ticket.spiffeId,
    trust_domain: roster.trustDomain,
    issuer: roster.issuer,
    instance: toHex(signed.header.instance),
    kid,
    jwk: { ...bare, kid, alg: "EdDSA", use: "sig" },
    pem: pem.toString(),
  };
}
