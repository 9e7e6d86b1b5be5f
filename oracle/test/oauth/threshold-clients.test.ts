import { createPrivateKey, webcrypto } from "node:crypto";
import { identityKidText } from "@ipse/protocol/oauth";
import { createLocalJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { API, ISSUER, identityKey, identitySeed } from "../../../protocol/test/issuer/token-world.ts";
import { SPIFFE_ID } from "../../../protocol/test/session/world/cast.ts";
import { Harness, SECRET, until } from "../relying-party/harness.ts";

const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SCOPE = "read";

/** Real clients against four oracles that sign together, each of which serves the issuer. */
let harness: Harness;
let key: { key: webcrypto.CryptoKey; kid: string };

beforeAll(async () => {
  harness = await Harness.create("threshold clients");
  harness.urls.forEach((url, index) => {
    const tlsPin = new Uint8Array(32);
    harness.world.state({ kind: "endpoint", oracle: index + 1, sessionUrl: url, oauthUrl: url, tlsPin }, [1]);
  });
  const der = Buffer.concat([PKCS8_PREFIX, identitySeed]);
  const pkcs8 = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    format: "der",
    type: "pkcs8",
  });
  const imported = await webcrypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  key = { key: imported, kid: identityKidText(identityKey) };
});
afterAll(() => harness.close());

const bind =
  (more: object) =>
  (header: Record<string, unknown>, payload: Record<string, unknown>): void => {
    header["typ"] = "client-authentication+jwt";
    payload["exp"] = Number(payload["iat"]) + 60;
    Object.assign(payload, { scope: SCOPE, resource: API }, more);
  };

async function checked(token: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${harness.urls[3]}/oauth2/jwks`);
  const keys = createLocalJWKSet((await answer.json()) as Parameters<typeof createLocalJWKSet>[0]);
  const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: API, typ: "at+jwt" });
  return payload;
}

describe.each([0, 1, 2, 3])("oauth4webapi at oracle %i", (index) => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const server = (): oauth.AuthorizationServer => ({
    issuer: ISSUER,
    token_endpoint: `${harness.urls[index]}/oauth2/token`,
  });
  const client: oauth.Client = { client_id: SPIFFE_ID };
  const form = new URLSearchParams({ scope: SCOPE, resource: API });

  it("gets a token that jose verifies under another oracle's JWKS", async () => {
    const auth = oauth.PrivateKeyJwt(key, { [oauth.modifyAssertion]: bind({}) });
    const answer = await oauth.clientCredentialsGrantRequest(server(), client, auth, form, insecure);
    const { access_token, token_type } = await oauth.processClientCredentialsResponse(
      server(),
      client,
      answer,
    );
    expect(token_type).toBe("bearer");
    expect(await checked(access_token)).toMatchObject({ sub: SPIFFE_ID, scope: SCOPE });
  });

  it("gets a DPoP-bound one after one round of use_dpop_nonce", async () => {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const jkt = await DPoP.calculateThumbprint();
    const auth = oauth.PrivateKeyJwt(key, { [oauth.modifyAssertion]: bind({ cnf: { jkt } }) });
    const ask = async () => {
      const options = { ...insecure, DPoP };
      const answer = await oauth.clientCredentialsGrantRequest(server(), client, auth, form, options);
      return oauth.processClientCredentialsResponse(server(), client, answer);
    };
    expect(oauth.isDPoPNonceError(await ask().catch((error: unknown) => error))).toBe(true);
    const { access_token, token_type } = await ask();
    expect(token_type).toBe("dpop");
    expect(await checked(access_token)).toMatchObject({ cnf: { jkt } });
  });
});

describe("openid-client", () => {
  const configuration = (index: number): openid.Configuration => {
    const metadata = { issuer: ISSUER, token_endpoint: `${harness.urls[index]}/oauth2/token` };
    const auth = openid.PrivateKeyJwt(key, { [openid.modifyAssertion]: bind({}) });
    const made = new openid.Configuration(metadata, SPIFFE_ID, undefined, auth);
    openid.allowInsecureRequests(made);
    return made;
  };

  it("gets a token from any oracle; one after the other", async () => {
    for (const index of [0, 2]) {
      const token = await openid.clientCredentialsGrant(configuration(index), {
        scope: SCOPE,
        resource: API,
      });
      expect(await checked(token.access_token)).toMatchObject({ iss: ISSUER });
    }
  });
});

describe("what oracles sign together", () => {
  const resource: oauth.Client = { client_id: API };
  const insecure = { [oauth.allowInsecureRequests]: true };
  const at = (index: number): oauth.AuthorizationServer => ({
    issuer: ISSUER,
    introspection_endpoint: `${harness.urls[index]}/oauth2/introspect`,
    revocation_endpoint: `${harness.urls[index]}/oauth2/revoke`,
  });
  const active = async (index: number, token: string): Promise<boolean> => {
    const auth = oauth.ClientSecretBasic(SECRET);
    const answer = await oauth.introspectionRequest(at(index), resource, auth, token, insecure);
    return (await oauth.processIntrospectionResponse(at(index), resource, answer)).active;
  };

  it("a token ended at one oracle is inactive at every other, for a real client", async () => {
    const token = harness.token();
    expect(await active(0, token)).toBe(true);
    const client: oauth.Client = { client_id: SPIFFE_ID };
    const modify = (header: Record<string, unknown>, payload: Record<string, unknown>): void => {
      header["typ"] = "client-authentication+jwt";
      payload["exp"] = Number(payload["iat"]) + 60;
    };
    const auth = oauth.PrivateKeyJwt(key, { [oauth.modifyAssertion]: modify });
    const answer = await oauth.revocationRequest(at(2), client, auth, token, insecure);
    await oauth.processRevocationResponse(answer);
    await until(async () => !(await Promise.all([0, 1, 2, 3].map((i) => active(i, token)))).includes(true));
  });

  it("a key set that jose verifies under its own keys", async () => {
    const [signed, served] = await Promise.all(
      ["signed-jwks", "jwks"].map(async (name) => (await fetch(`${harness.urls[1]}/oauth2/${name}`)).text()),
    );
    const { keys } = JSON.parse(served ?? "") as Parameters<typeof createLocalJWKSet>[0];
    const { payload } = await jwtVerify(signed ?? "", createLocalJWKSet({ keys }), {
      issuer: ISSUER,
      typ: "jwk-set+jwt",
      requiredClaims: ["exp"],
    });
    expect(payload["keys"]).toEqual(keys);
  });
});

it("too few oracles: temporarily_unavailable with 503, soon", async () => {
  const alone = await Harness.create("too few");
  const request = alone.world.request();
  for (const id of [3, 4]) alone.world.cluster.crashOracle(id, 0);
  const answer = await fetch(`${alone.urls[0]}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: request.assertion,
      scope: SCOPE,
      resource: API,
    }),
  });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ error: "temporarily_unavailable" });
  await alone.close();
});
