import { randomBytes } from "node:crypto";
import { check } from "@ipse/protocol";
import { toBase64 } from "@ipse/protocol/encoding";
import { contentDigest, type SignatureParameters, signatureBase } from "@ipse/protocol/http-signature";
import { proofUrl } from "../tokens/dpop.ts";
import { ephemeralSigner, type RequestSigner, type SigningAgent, thresholdSigner } from "./signer.ts";
import type { WimseTokens } from "./wimse.ts";

/** A request to sign, and how. */
export interface HttpSignatureRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The content; its digest is made and covered (RFC 9530). Absent: give content-digest among the headers. */
  readonly body?: Uint8Array | undefined;
  /** What is covered; default: method, target and every field that means something to the server. */
  readonly components?: readonly string[] | undefined;
  readonly key: "ephemeral" | "threshold";
  /** Bind the ephemeral key to an access token for this resource instead of a WIMSE identity token. */
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly label: string;
  readonly tag?: string | undefined;
  readonly nonce?: string | undefined;
  /** Seconds until the signature expires. */
  readonly expires_in: number;
}

/** Header fields to add to the request, and the key they verify under. */
export interface HttpSignatureReport {
  readonly headers: Readonly<Record<string, string>>;
  readonly kid: string;
  readonly jwk: RequestSigner["jwk"];
}

/** What introduces the key to the server: fields to add, and the parameters that go with them. */
interface Introduction {
  readonly signer: RequestSigner;
  readonly fields: Readonly<Record<string, string>>;
  readonly parameters: SignatureParameters;
  readonly components: readonly string[];
}

const INVALID = "ERR_HTTP_SIGNATURE";
/** draft-ietf-wimse-http-signature, section 3 */
const WIMSE_TAG = "wimse-workload-to-workload";
/** Fields that are covered whenever they are there. */
const ALWAYS = ["content-type", "content-digest", "authorization", "txn-token", "workload-identity-token"];

/** The key of the caller's access token: `cnf.jkt` of the token names it (RFC 9449 section 6). */
async function byToken(
  agent: SigningAgent,
  request: HttpSignatureRequest,
  resource: string,
): Promise<Introduction> {
  const token = await agent.token({ resource, scope: request.scope, dpop: true });
  check(token.key !== undefined, "ERR_TOKEN_NOT_BOUND", "the token is bound to no key");
  const signer = ephemeralSigner(token.key);
  const dpop = await agent.proof(token, { method: request.method, url: request.url });
  const authorization = `${token.grant.tokenType} ${token.grant.accessToken}`;
  const fields = { authorization, ...(dpop === undefined ? {} : { dpop }) };
  const components = ["@method", "@target-uri"];
  return {
    signer,
    fields,
    components,
    parameters: [
      ["alg", signer.http],
      ["keyid", signer.kid],
    ],
  };
}

/** A key of a WIMSE identity token: the profile wants neither keyid nor alg, and the audience by name. */
async function byWimse(wimse: WimseTokens, request: HttpSignatureRequest): Promise<Introduction> {
  const { wit, signer } = await wimse.ephemeral();
  const fields = { "workload-identity-token": wit };
  const parameters = [["wimse-aud", proofUrl(request.url)]] as const;
  return { signer, fields, components: ["@method", "@path", "@query"], parameters };
}

/** The instance's own key, which the oracles publish under its kid. */
function byIdentity(agent: SigningAgent): Introduction {
  const signer = thresholdSigner(agent);
  const components = ["@method", "@target-uri"];
  return {
    signer,
    fields: {},
    components,
    parameters: [
      ["alg", signer.http],
      ["keyid", signer.kid],
    ],
  };
}

function introduce(agent: SigningAgent, wimse: WimseTokens, request: HttpSignatureRequest) {
  const { key, resource } = request;
  if (key === "threshold") {
    check(resource === undefined, INVALID, "resource goes with the ephemeral key");
    return byIdentity(agent);
  }
  return resource === undefined ? byWimse(wimse, request) : byToken(agent, request, resource);
}

function fieldsOf(headers: HttpSignatureRequest["headers"], more: Readonly<Record<string, string>>) {
  const fields = new Map<string, readonly string[]>();
  for (const [name, value] of [...Object.entries(headers), ...Object.entries(more)]) {
    const key = name.toLowerCase();
    check(!fields.has(key), INVALID, `${key} stands twice, or is the agent's to set`);
    fields.set(key, typeof value === "string" ? [value] : value);
  }
  return fields;
}

function targetOf(url: string) {
  const { protocol, host, pathname: path, search: query } = new URL(url);
  return { scheme: protocol.slice(0, -1), authority: host, path, query };
}

/**
 * Signs one request (RFC 9421 section 3.1): the fields to add to it. A server learns the key from the access token
 * (`cnf.jkt`), from the WIMSE identity token, or, for the threshold key, from the workload's published keys.
 */
export async function signHttpRequest(
  agent: SigningAgent,
  wimse: WimseTokens,
  request: HttpSignatureRequest,
  nowMs: number,
): Promise<HttpSignatureReport> {
  const { signer, fields: added, components, parameters } = await introduce(agent, wimse, request);
  const digest = request.body === undefined ? {} : { "content-digest": contentDigest(request.body) };
  const more = { ...digest, ...added };
  const fields = fieldsOf(request.headers, more);
  const covered = request.components ?? [...components, ...ALWAYS.filter((name) => fields.has(name))];
  // What the agent adds is covered, whatever the caller chose: an identity token must not be exchanged on the way.
  const forced = Object.keys(more).filter((name) => name !== "dpop" && !covered.includes(name));
  const created = Math.floor(nowMs / 1000);
  const wimseTag = "workload-identity-token" in added ? WIMSE_TAG : undefined;
  const tag = request.tag ?? wimseTag;
  const { base, input } = signatureBase(
    { method: request.method, target: targetOf(request.url), fields },
    [...covered, ...forced],
    [
      ["created", created],
      ["expires", created + request.expires_in],
      ["nonce", request.nonce ?? randomBytes(16).toString("base64url")],
      ...parameters,
      ...(tag === undefined ? [] : [["tag", tag] as const]),
    ],
  );
  const signature = await signer.sign("http-signature", base);
  const { label } = request;
  const headers = {
    ...more,
    "signature-input": `${label}=${input}`,
    signature: `${label}=:${toBase64(signature)}:`,
  };
  return { headers, kid: signer.kid, jwk: signer.jwk };
}
