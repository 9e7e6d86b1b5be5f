import { fromBase64Url, IpseError, toBase64Url } from "@ipse/protocol";
import { base64UrlBytes, parseStrictJson, parseWith } from "@ipse/protocol/encoding";
import type { Endpoint } from "@ipse/protocol/registry";
import { z } from "zod";
import { readText } from "../operator/roster-file.ts";

const publicHalf = z.strictObject({
  version: z.literal(1),
  oracle: z.int().min(1),
  vote_key: base64UrlBytes(32),
  session_url: z.string(),
  oauth_url: z.string(),
  tls_pin: base64UrlBytes(32),
});

/** What an oracle's host hands to the operators: nothing in it is secret. */
export interface PublicHalf {
  readonly voteKey: Uint8Array;
  readonly endpoint: Endpoint;
}

export function publicHalfJson({ voteKey, endpoint }: PublicHalf): z.input<typeof publicHalf> {
  return {
    version: 1,
    oracle: endpoint.oracle,
    vote_key: toBase64Url(voteKey),
    session_url: endpoint.sessionUrl,
    oauth_url: endpoint.oauthUrl,
    tls_pin: toBase64Url(endpoint.tlsPin),
  };
}

/** Reads what `init` printed. Throws ERR_CONFIG or ERR_JSON_*, naming the file. */
export function readPublicHalf(path: string): PublicHalf {
  try {
    const parsed = parseWith(publicHalf, parseStrictJson(readText(path, "the public half")), "ERR_CONFIG");
    const endpoint = {
      oracle: parsed.oracle,
      sessionUrl: parsed.session_url,
      oauthUrl: parsed.oauth_url,
      tlsPin: parsed.tls_pin,
    };
    return { voteKey: parsed.vote_key, endpoint };
  } catch (cause) {
    if (!(cause instanceof IpseError) || cause.message.includes(path)) throw cause;
    throw new IpseError("ERR_CONFIG", `${path}: ${cause.message}`, { cause });
  }
}

/** An operator as the command line names it: `name:public-key[:role,role]`. */
export function parseOperator(text: string): {
  name: string;
  publicKey: Uint8Array;
  roles: ("mint" | "contain")[];
} {
  const [name = "", key = "", roles = "mint,contain", ...rest] = text.split(":");
  const publicKey = fromBase64Url(key);
  const chosen = roles.split(",");
  const known = chosen.every((role) => role === "mint" || role === "contain");
  if (name === "" || publicKey?.length !== 32 || !known || rest.length > 0)
    throw new IpseError("ERR_USAGE", "an operator is name:public-key[:mint,contain], the key in base64url");
  return { name, publicKey, roles: chosen.filter((role) => role === "mint" || role === "contain") };
}
