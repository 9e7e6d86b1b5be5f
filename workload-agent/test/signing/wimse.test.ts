import { createHash } from "node:crypto";
import { IpseError } from "@ipse/protocol";
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { workloadApi } from "../../src/api/index.ts";
import { WimseTokens } from "../../src/signing/index.ts";
import { STATUS } from "../tools/agent-stub.ts";
import { keyAgent } from "../tools/key-agent.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("base64url");
const audience = "https://b.example/orders?x=1#y";

describe("POST /v1/wimse", () => {
  it.each([
    ["ephemeral", "ES256", 1],
    ["threshold", "EdDSA", 2],
  ])("gives an identity token and a proof by the %s key", async (key, alg, steps) => {
    const agent = keyAgent();
    const payload = { audience, key, txn_token: "txn", other_tokens: { "X-User": " user " } };
    const answer = await workloadApi(agent.service).inject({ method: "POST", url: "/v1/wimse", payload });
    const { wit, wpt, expires_in, jwk } = answer.json();
    expect([answer.statusCode, agent.signed()]).toEqual([200, steps]);
    expect(expires_in).toBeGreaterThan(290);
    const subject = "spiffe://dev.ipse/a";
    const identity = await jwtVerify(wit, agent.publicKey, {
      typ: "wit+jwt",
      subject,
      requiredClaims: ["exp"],
    });
    expect(identity.protectedHeader).toEqual({ typ: "wit+jwt", alg: "EdDSA", kid: agent.identity.kid });
    expect(identity.payload["cnf"]).toEqual({ jwk });
    expect(jwk.alg).toBe(alg);
    const proof = await jwtVerify(wpt, await importJWK(jwk as JWK), { typ: "wpt+jwt", algorithms: [alg] });
    expect(proof.payload).toMatchObject({
      aud: "https://b.example/orders",
      wth: hash(wit),
      tth: hash("txn"),
      oth: { "x-user": hash("user") },
    });
    expect(decodeProtectedHeader(wpt)).toEqual({ typ: "wpt+jwt", alg });
  });

  it.each([{}, { audience: "spiffe://b" }, { audience, key: "mine" }, { audience, sub: "spiffe://x/y" }])(
    "refuses %j",
    async (payload) => {
      const agent = keyAgent();
      const answer = await workloadApi(agent.service).inject({ method: "POST", url: "/v1/wimse", payload });
      expect([answer.statusCode, agent.signed()]).toEqual([400, 0]);
    },
  );
});

describe("an identity token", () => {
  it("serves many proofs, and is renewed before it ends", async () => {
    let nowMs = Date.now();
    const agent = keyAgent();
    const tokens = new WimseTokens(agent.service, () => nowMs);
    const [first, same] = await Promise.all([tokens.ephemeral(), tokens.ephemeral()]);
    expect(same.wit).toBe(first.wit);
    expect(agent.signed()).toBe(1);
    const one = decodeJwt(await tokens.proof(first, { audience }));
    expect(one.jti).not.toBe(decodeJwt(await tokens.proof(first, { audience })).jti);
    nowMs += 201_000;
    expect((await tokens.ephemeral()).signer.kid).not.toBe(first.signer.kid);
  });

  it("is not given any more once the instance is over", async () => {
    let code: string | null = null;
    const agent = keyAgent({ status: () => ({ ...STATUS, code }) });
    const tokens = new WimseTokens(agent.service);
    await tokens.ephemeral();
    code = "ERR_INSTANCE_REVOKED";
    await expect(tokens.ephemeral()).rejects.toMatchObject({ code });
  });

  it("is asked for again after a failure", async () => {
    let fails = true;
    const good = keyAgent();
    const sign: typeof good.service.sign = (type, payload) => {
      if (fails) throw new IpseError("ERR_QUORUM_UNREACHABLE", "away");
      return good.service.sign(type, payload);
    };
    const tokens = new WimseTokens({ ...good.service, sign });
    await expect(tokens.ephemeral()).rejects.toMatchObject({ code: "ERR_QUORUM_UNREACHABLE" });
    fails = false;
    await expect(tokens.ephemeral()).resolves.toBeDefined();
  });
});
