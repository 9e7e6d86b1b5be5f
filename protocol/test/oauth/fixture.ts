import { toBase64Url, utf8 } from "../../src/bytes.ts";
import { identityKidText, type PublicJwk } from "../../src/oauth/index.ts";
import { keyOf, NOW, roster, workload } from "../registry/fixture.ts";

export { codeOf, NOW, workload } from "../registry/fixture.ts";

export const issuer = roster.issuer;
export const identityKey = keyOf("identity").publicKey;
export const kid = identityKidText(identityKey);
export const nowSeconds = NOW / 1000;
/** RFC 7638 thumbprint of a DPoP key; any will do. */
export const jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

export const header = { typ: "client-authentication+jwt", alg: "EdDSA", kid };
export const claims = {
  iss: workload.spiffeId,
  sub: workload.spiffeId,
  aud: issuer,
  iat: nowSeconds,
  exp: nowSeconds + 60,
  jti: "f3a1c0de",
};

const part = (value: unknown) => toBase64Url(utf8(typeof value === "string" ? value : JSON.stringify(value)));

/** A JWS signing input of a header and claims; strings are taken as JSON text. */
export function signingInput(head: unknown, body: unknown): Uint8Array {
  return utf8(`${part(head)}.${part(body)}`);
}

/** RFC 8037 appendix A.2 and A.3. */
export const okp: PublicJwk = {
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};
/** RFC 9449 section 4.1's example key. */
export const ec: PublicJwk = {
  kty: "EC",
  crv: "P-256",
  x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
  y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
};
