import { type KeyObject, randomBytes, randomUUID, sign } from "node:crypto";
import { toBase64Url, utf8 } from "@ipse/protocol";
import { tokenJti } from "@ipse/protocol/oauth";
import type { BenchClient } from "./clients.ts";

/** What all tokens of the bench are for. */
export const API = "https://api.dev.ipse/";
export const SCOPE = "read";
export const TOKEN_SECONDS = 300;
const ASSERTION_SECONDS = 60;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A server under load: ours in either mode, or the peer. */
export interface TokenServer {
  readonly issuer: string;
  /** Requests go to each in turn. */
  readonly endpoints: readonly URL[];
  readonly clientId: string;
  /** Whether tokens are ours: they name the instance, and their jti follows from the assertion. */
  readonly ours: boolean;
}

/** A token request that is signed and ready to leave; it is used once. */
export interface SignedRequest {
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Every claim the token must have, but for the times, and `jti` where the server makes it up. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly tokenType: "DPoP" | "Bearer";
}

const part = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));

/** Who asks: an instance, and the key its tokens may be bound to. */
export interface Asker {
  /** In hex. */
  readonly instance: string;
  readonly dpopKey: KeyObject;
  readonly dpopJwk: object;
  readonly jkt: string;
}

/** A DPoP proof (RFC 9449 section 4.2) for one POST, or for a GET with an access token. */
export function dpopProof(
  { dpopKey, dpopJwk }: Pick<Asker, "dpopKey" | "dpopJwk">,
  what: { readonly htm: string; readonly htu: string; readonly nonce?: string; readonly ath?: string },
): string {
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: dpopJwk };
  const input = `${part(header)}.${part({ ...what, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) })}`;
  const key = { key: dpopKey, dsaEncoding: "ieee-p1363" } as const;
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

/** A token request with an assertion that somebody signed; with a nonce it carries a proof. */
export function tokenRequest(
  server: TokenServer,
  { endpoint, assertion, nonce }: { endpoint: URL; assertion: string; nonce: string | undefined },
  asker: Asker,
): SignedRequest {
  const { issuer, clientId, ours } = server;
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
    resource: API,
    scope: SCOPE,
  }).toString();
  const signed = utf8(assertion.slice(0, assertion.lastIndexOf(".")));
  const named = ours ? { jti: tokenJti(signed), instance: asker.instance } : {};
  const proof =
    nonce === undefined ? {} : { dpop: dpopProof(asker, { htm: "POST", htu: endpoint.href, nonce }) };
  const cnf = nonce === undefined ? {} : { cnf: { jkt: asker.jkt } };
  return {
    endpoint,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...proof,
    },
    body,
    claims: { iss: issuer, sub: clientId, aud: API, client_id: clientId, scope: SCOPE, ...named, ...cnf },
    tokenType: nonce === undefined ? "Bearer" : "DPoP",
  };
}

/** One request of a client, its assertion made for this server and, at ours, for resource, scope and key alone. */
export function signRequest(
  server: TokenServer,
  client: BenchClient,
  endpoint: URL,
  nonce: string | undefined,
): SignedRequest {
  const { issuer, clientId, ours } = server;
  const cnf = nonce === undefined ? {} : { cnf: { jkt: client.jkt } };
  const iat = Math.floor(Date.now() / 1000);
  const input = `${part({ typ: "client-authentication+jwt", alg: "EdDSA", kid: client.kid })}.${part({
    iss: clientId,
    sub: clientId,
    aud: issuer,
    iat,
    exp: iat + ASSERTION_SECONDS,
    jti: randomBytes(16).toString("base64url"),
    ...(ours ? { scope: SCOPE, resource: API, ...cnf } : {}),
  })}`;
  const assertion = `${input}.${sign(null, Buffer.from(input), client.privateKey).toString("base64url")}`;
  return tokenRequest(server, { endpoint, assertion, nonce }, client);
}
