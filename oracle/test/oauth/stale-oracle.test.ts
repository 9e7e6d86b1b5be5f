import { toBase64Url } from "@ipse/protocol";
import { portableGroup } from "@ipse/protocol/group";
import { CLIENT_ASSERTION_TYPE, credentialHash } from "@ipse/protocol/oauth";
import { fastify } from "fastify";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { API, ISSUER, TokenWorld } from "../../../protocol/test/issuer/token-world.ts";
import { createLocalSigner, depsOfNode, generateLocalKey, oauthRoutes } from "../../src/oauth/index.ts";
import { nodeEs256 } from "../../src/ports/es256.ts";

const SECRET = toBase64Url(new Uint8Array(32).fill(9));
const BASIC = `Basic ${Buffer.from(`${encodeURIComponent(API)}:${SECRET}`).toString("base64")}`;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Oracle 1 of a cluster in mode `local`: what it answers, while virtual time goes on. */
async function mint(world: TokenWorld) {
  const node = world.cluster.node(1);
  if (node === undefined) throw new Error("no oracle");
  const { clock } = world.cluster.world;
  const signer = createLocalSigner(await generateLocalKey("EdDSA"), portableGroup.ed25519);
  const app = fastify();
  app.register(oauthRoutes, {
    ...depsOfNode(node, clock),
    tokens: undefined,
    ...{ verifier: { group: portableGroup, verifyEs256: nodeEs256 }, issuer: ISSUER, declaredUrls: [ISSUER] },
    ...{ signer, jwks: () => [signer.publicJwk] },
  });
  const post = async (url: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    vi.setSystemTime(clock.nowMs());
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const payload = new URLSearchParams(form).toString();
    const asked = app.inject({ method: "POST", url, headers: { ...headers, ...type }, payload });
    const pump = setInterval(() => world.cluster.world.settle(20), 2);
    const { statusCode, body } = await asked.finally(() => clearInterval(pump));
    return { status: statusCode, ...(JSON.parse(body) as { access_token?: string; error?: string }) };
  };
  return {
    token: () =>
      post("/oauth2/token", {
        ...{ grant_type: "client_credentials", client_assertion_type: CLIENT_ASSERTION_TYPE },
        ...{ client_assertion: world.assertion(), scope: "read", resource: API },
      }),
    introspect: (token: string) => post("/oauth2/introspect", { token }, { authorization: BASIC }),
  };
}

function cluster(name: string): TokenWorld {
  const world = new TokenWorld(name);
  const hash = credentialHash(SECRET) ?? new Uint8Array(32);
  world.state({ kind: "resource", url: API, deleted: false, credentialHash: hash });
  return world;
}

test("an oracle that starts alone mints nothing before it heard who was revoked meanwhile", async () => {
  const world = cluster("alone after a start");
  const before = await mint(world);
  const { access_token: token = "" } = await before.token();
  expect(await before.introspect(token)).toMatchObject({ status: 200, active: true });
  for (const id of world.cluster.ids) world.cluster.crashOracle(id, 0);
  world.cluster.startOracle(1);
  world.cluster.world.settle(1_000);
  const { token: again, introspect } = await mint(world);
  expect(await again()).toMatchObject({ status: 503, error: "temporarily_unavailable" });
  expect(await introspect(token)).toMatchObject({ status: 503 });
  for (const id of [2, 3, 4]) world.cluster.startOracle(id);
  world.cluster.world.settle(5_000);
  expect(await again()).toMatchObject({ status: 200 });
});

test("an oracle that was rolled back mints nothing, and says nothing of tokens", async () => {
  const world = cluster("rolled back");
  const { token, introspect } = await mint(world);
  const { access_token: old = "" } = await token();
  world.cluster.node(1)?.fence("restored from a snapshot", () => undefined);
  world.cluster.world.settle(100);
  expect(await token()).toMatchObject({ status: 503, error: "temporarily_unavailable" });
  expect(await introspect(old)).toMatchObject({ status: 503 });
});
