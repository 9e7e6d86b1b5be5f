import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { checkAnswers } from "../src/tokens/check.ts";
import { makeClients } from "../src/tokens/clients.ts";
import type { Answered } from "../src/tokens/http-load.ts";
import { tokenFindings } from "../src/tokens/part.ts";
import { signRequest, TOKEN_SECONDS, type TokenServer } from "../src/tokens/presign.ts";
import type { Stretch } from "../src/tokens/stretch.ts";

const endpoint = new URL("http://127.0.0.1:1/oauth2/token");
const server: TokenServer = {
  issuer: "http://127.0.0.1:1",
  endpoints: [endpoint],
  clientId: "spiffe://dev.ipse/bench",
  ours: true,
};
const clients = makeClients(1);
let keys: JSONWebKeySet;
let privateKey: Parameters<SignJWT["sign"]>[0];

beforeAll(async () => {
  const pair = await generateKeyPair("EdDSA");
  privateKey = pair.privateKey;
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k", alg: "EdDSA" }] };
});

/** What a server that works would answer; or one that gets something wrong. */
async function answered(
  dpop: boolean,
  changes: { claims?: JWTPayload; members?: object; typ?: string; status?: number } = {},
): Promise<Answered> {
  const [client] = clients;
  if (client === undefined) throw new Error("no client");
  const request = signRequest(server, client, endpoint, dpop ? "nonce" : undefined);
  const { claims, members, typ = "at+jwt", status = 200 } = changes;
  const iat = Math.floor(Date.now() / 1000);
  const access_token = await new SignJWT({ ...request.claims, iat, exp: iat + TOKEN_SECONDS, ...claims })
    .setProtectedHeader({ typ, alg: "EdDSA", kid: "k" })
    .sign(privateKey);
  const body = { access_token, token_type: request.tokenType, expires_in: TOKEN_SECONDS, scope: "read" };
  return { request, status, nonce: undefined, text: JSON.stringify({ ...body, ...members }) };
}

describe("answers are checked", () => {
  test("what a server has to say passes", async () => {
    await expect(checkAnswers(keys, [await answered(false), await answered(true)])).resolves.toBe(2);
  });

  test("who is turned away has no token, and a burst of nothing else ends the bench", async () => {
    const away = { ...(await answered(false)), status: 503, text: '{"error":"temporarily_unavailable"}' };
    await expect(checkAnswers(keys, [await answered(false), away])).resolves.toBe(1);
    await expect(checkAnswers(keys, [away])).rejects.toThrow(/a token/);
  });

  test.each<[string, boolean, Parameters<typeof answered>[1]]>([
    ["an error", false, { status: 500 }],
    ["another audience", false, { claims: { aud: "https://other.test/" } }],
    ["another instance", false, { claims: { instance: "00" } }],
    ["a jti that is not the assertion's", false, { claims: { jti: "another-one" } }],
    ["a claim too many", false, { claims: { admin: true } }],
    ["a token bound to another key", true, { claims: { cnf: { jkt: "another" } } }],
    ["a bearer token for a proof", true, { members: { token_type: "Bearer" } }],
    ["a longer life", false, { claims: { exp: Math.floor(Date.now() / 1000) + 2 * TOKEN_SECONDS } }],
    ["another kind of token", false, { typ: "JWT" }],
  ])("%s ends the bench", async (_, dpop, changes) => {
    await expect(checkAnswers(keys, [await answered(dpop, changes)])).rejects.toThrow();
  });

  test("a signature of somebody else ends the bench", async () => {
    const { publicKey } = await generateKeyPair("EdDSA");
    const others = { keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "EdDSA" }] };
    await expect(checkAnswers(others, [await answered(false)])).rejects.toThrow();
  });

  test("the same token twice ends the bench", async () => {
    const one = await answered(false);
    await expect(checkAnswers(keys, [one, one])).rejects.toThrow(/differ/);
  });
});

describe("ratios", () => {
  const row = (tokensPerSecond: number, p99Ms: number): Stretch[] => [
    { tokensPerSecond, p50Ms: 1, p99Ms, cpuMsPerToken: 1, unserved: 0 },
  ];
  const rows = (["", "_dpop"] as const).flatMap((dpop): [string, Stretch[]][] => [
    [`oidc${dpop}_c16`, row(100, 8)],
    [`oidc${dpop}_c64`, row(100, 8)],
    [`local${dpop}_c16`, row(300, 4)],
    [`local${dpop}_c64`, row(200, 16)],
    [`threshold${dpop}_c16`, row(20, 4)],
    [`threshold${dpop}_c64`, row(30, 4)],
  ]);

  test("are taken at each concurrency, and the lower one counts", () => {
    const { ratios, figures } = tokenFindings(new Map(rows));
    expect(ratios).toMatchObject({
      token_local_vs_oidc_c16: 3,
      token_local_vs_oidc_c64: 2,
      token_local_vs_oidc: 2,
      token_local_dpop_vs_oidc: 2,
      token_threshold_vs_oidc: 0.2,
    });
    expect(figures["token_local_vs_oidc_c16_p99"]).toBe(2);
    expect(figures["token_local_vs_oidc_c64_p99"]).toBe(0.5);
  });
});
