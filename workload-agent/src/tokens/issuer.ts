import { check, IpseError } from "@ipse/protocol";
import { z } from "zod";
import { checkUrl, request } from "./http.ts";

/** An authorization server as a token request needs it. */
export interface Issuer {
  readonly issuer: string;
  /** Any of them gives the token; several for our own issuer, one per oracle. */
  readonly tokenEndpoints: readonly URL[];
  /** How many independent refusals make a refusal: one server's word is its own, one oracle's is not the cluster's. */
  readonly refusalsNeeded: number;
}

/** What we read of RFC 8414 section 2 and OpenID Connect Discovery 1.0 section 3. */
const serverMetadata = z.looseObject({ issuer: z.string().max(2048), token_endpoint: z.string().max(2048) });

/** Well-known addresses in the order in which they are tried: RFC 8414 section 3.1, then OpenID Connect's. */
export function metadataUrls(issuer: URL): URL[] {
  const path = issuer.pathname.replace(/\/$/, "");
  return [
    new URL(`/.well-known/oauth-authorization-server${path}`, issuer),
    new URL(`${path}/.well-known/openid-configuration`, issuer),
  ];
}

/**
 * Finds the token endpoint of an outside issuer. The metadata must name the issuer it was asked for (RFC 8414
 * section 3.3). Throws ERR_TOKEN_URL, ERR_TOKEN_ISSUER or ERR_TOKEN_UNREACHABLE.
 */
export async function discoverIssuer(issuer: string, timeoutMs: number): Promise<Issuer> {
  const url = checkUrl(issuer, "the issuer");
  let problem = new IpseError("ERR_TOKEN_ISSUER", `${url.host} publishes no authorization server metadata`);
  for (const address of metadataUrls(url)) {
    try {
      const answer = await request(address, { headers: { accept: "application/json" } }, timeoutMs);
      if (answer.status !== 200) continue;
      const metadata = serverMetadata.safeParse(answer.json);
      check(metadata.success, "ERR_TOKEN_ISSUER", `the metadata of ${url.host} is not usable`);
      const same = metadata.data.issuer === issuer;
      check(same, "ERR_TOKEN_ISSUER", `the metadata of ${url.host} is of another issuer`);
      const endpoint = checkUrl(metadata.data.token_endpoint, "the token endpoint");
      return { issuer, tokenEndpoints: [endpoint], refusalsNeeded: 1 };
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      problem = error;
    }
  }
  throw problem;
}
