import { isDeepStrictEqual } from "node:util";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { expectTrue } from "../signing/material.ts";
import type { Answered } from "./http-load.ts";
import { TOKEN_SECONDS } from "./presign.ts";

/** The keys of a server as it publishes them. */
export async function keysOf(url: string): Promise<JSONWebKeySet> {
  const answer = await fetch(url);
  return (await answer.json()) as JSONWebKeySet;
}

/** Throws unless this is the answer its request had to get: every member and every claim, verified by jose. */
async function checkAnswer(
  keys: ReturnType<typeof createLocalJWKSet>,
  { request, status, text }: Answered,
): Promise<string> {
  expectTrue(status === 200, `status ${status}: ${text.slice(0, 200)}`);
  const { access_token: token, ...rest } = JSON.parse(text) as Record<string, unknown>;
  const { claims, tokenType } = request;
  const expected = { token_type: tokenType, expires_in: TOKEN_SECONDS, scope: claims["scope"] };
  expectTrue(isDeepStrictEqual(rest, expected), "the members of a token response");
  const { payload } = await jwtVerify(String(token), keys, { typ: "at+jwt", algorithms: ["EdDSA"] });
  const { iat = 0, exp = 0, jti, ...others } = payload;
  expectTrue(exp - iat === TOKEN_SECONDS && Math.abs(iat - Date.now() / 1000) < 60, "a token's times");
  expectTrue(typeof jti === "string" && jti.length > 8, "a token's jti");
  const found = "jti" in claims ? { ...others, jti } : others;
  expectTrue(isDeepStrictEqual(found, { ...claims }), "the claims of a token");
  return jti ?? "";
}

/** Verifies every answer of a burst; no two may be the same token. Throws on the first wrong one. */
export async function checkAnswers(keys: JSONWebKeySet, answers: readonly Answered[]): Promise<void> {
  const set = createLocalJWKSet(keys);
  const jtis = new Set<string>();
  for (const answer of answers) jtis.add(await checkAnswer(set, answer));
  expectTrue(jtis.size === answers.length, "tokens that differ");
}
