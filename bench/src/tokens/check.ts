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

/** Whether a server said that it cannot serve just now: no token, and nothing wrong. */
function isUnserved({ status, text }: Answered): boolean {
  return status === 503 && text.includes('"temporarily_unavailable"');
}

/**
 * Verifies every answer of a burst and returns how many tokens it brought; no two may be the same. Requests that an
 * overloaded server turned away bring none. Throws on the first wrong answer, or when there was no token at all.
 */
export async function checkAnswers(keys: JSONWebKeySet, answers: readonly Answered[]): Promise<number> {
  const set = createLocalJWKSet(keys);
  const served = answers.filter((answer) => !isUnserved(answer));
  expectTrue(served.length > 0, "a token");
  const jtis = new Set<string>();
  for (const answer of served) jtis.add(await checkAnswer(set, answer));
  expectTrue(jtis.size === served.length, "tokens that differ");
  return served.length;
}
