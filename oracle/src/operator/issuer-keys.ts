import { check, fromBase64Url, IpseError, toHex } from "@ipse/protocol";
import { decode, parseStrictJson } from "@ipse/protocol/encoding";
import { issuerJwk, issuerKey, verifyIssuerKey } from "@ipse/protocol/issuer";
import type { PublicJwk } from "@ipse/protocol/oauth";
import { type Endpoint, rosterHash } from "@ipse/protocol/registry";
import { ask } from "../links/index.ts";
import { ISSUER_KEYS_PATH } from "../oauth-listener/paths.ts";
import { mergeLists } from "./agree.ts";
import type { Cluster } from "./cluster.ts";
import type { Found } from "./lists.ts";
import { readAll } from "./read.ts";

/** An issuer key as this tool proved it: all n oracles certified it. */
export interface IssuerKeyItem {
  readonly jwk: PublicJwk;
  readonly ceremony: string;
}

const KEYS_MAX = 64;

/** One oracle's issuer keys; a key without the certificate of all oracles is an error, not an item. */
async function keysOf({ group, roster }: Cluster, endpoint: Endpoint): Promise<IssuerKeyItem[]> {
  const { status, body } = await ask(endpoint, "GET", ISSUER_KEYS_PATH);
  check(status !== 404, "ERR_ISSUER_MODE", "the oracles sign tokens one by one (tokens.mode local)");
  const { keys } = (status === 200 ? parseStrictJson(body) : {}) as { keys?: unknown };
  check(
    Array.isArray(keys) && keys.length <= KEYS_MAX,
    "ERR_HTTP",
    "the oracle does not answer with issuer keys",
  );
  const { quorum: threshold, oracles } = roster;
  const voteKeys = oracles.map(({ voteKey }) => voteKey);
  return keys.map((text) => {
    const bytes = typeof text === "string" ? fromBase64Url(text) : undefined;
    if (bytes === undefined) throw new IpseError("ERR_HTTP", "an issuer key is not base64url");
    const value = decode(issuerKey, bytes);
    verifyIssuerKey(group, { rosterHash: rosterHash(roster), threshold, voteKeys }, value);
    return { jwk: issuerJwk(value), ceremony: toHex(value.key.ceremony) };
  });
}

/** The issuer keys that `need` oracles publish, each proven by its certificate. */
export async function findIssuerKeys(cluster: Cluster, need: number): Promise<Found<IssuerKeyItem>> {
  const { answers, failed } = await readAll(cluster, (endpoint) => keysOf(cluster, endpoint));
  return { merged: mergeLists(answers, need, ({ jwk }) => jwk.kid ?? "", JSON.stringify), failed };
}
