import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { AgreedIntrospection } from "@ipse/oracle/relying-party";
import { rosterFromJson } from "@ipse/protocol/registry";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Agent, Cluster, errorCodeOf, runVerb, until } from "../src/processes/index.ts";
import { freePort } from "./support/free-port.ts";
import { expectUnharmed, mustSign } from "./support/suspensions.ts";
import { startTokenService } from "./support/token-service.ts";
import { ownCluster, useWorld } from "./support/world.ts";

const API = "http://127.0.0.1:9/";
const STS = "https://sts.test/pool";

let agent: Agent;
let credential: string;
let eventPort: number;
const world = useWorld(async (made) => {
  await ownCluster(made, ["--token-mode", "local", "--token-alg", "ES256"]);
  eventPort = await freePort();
  const push = ["--push", `http://127.0.0.1:${eventPort}/events`];
  credential = String((await made.cluster.json(["resource", "create", API, ...push]))["credential"]);
  agent = await made.running({ resources: [API, STS], scopes: ["read"] });
});

/** A token for the API; another scope is another token than the one the agent keeps. */
async function token(scope?: string): Promise<string> {
  const { status, json } = await agent.api("POST", "/v1/token", { resource: API, scope, dpop: false });
  expect([status, json["code"]]).toEqual([200, undefined]);
  return String(json["access_token"]);
}

/** What the issuer serves. */
async function jwks(): Promise<readonly unknown[]> {
  const answer = await fetch(new URL("/oauth2/jwks", world.cluster.issuer));
  return ((await answer.json()) as { keys: unknown[] }).keys;
}

const algOf = (text: string): unknown => decodeProtectedHeader(text).alg;

/** Whether every oracle's JWKS verifies it, and the oracles call it active. */
async function holds(text: string): Promise<boolean> {
  const { cluster } = world;
  const urls = cluster.oracles.map(({ url }) => url);
  for (const url of urls) {
    const keys = createRemoteJWKSet(new URL("/oauth2/jwks", url));
    await jwtVerify(text, keys, { issuer: cluster.issuer, audience: API, typ: "at+jwt" });
  }
  const { roster } = rosterFromJson(readFileSync(cluster.roster, "utf8"));
  return new AgreedIntrospection({ oracles: urls, roster, resource: API, credential }).active(text);
}

/** Mode `local` is for services that refuse Ed25519: one that takes ES256 alone gives its own token for ours. */
async function exchangesTokens(): Promise<void> {
  const { issuer, oracles } = world.cluster;
  const complete = async () => (await jwks()).length === oracles.length;
  await until(complete, { what: "every oracle's key in the JWKS" });
  const service = await startTokenService(issuer, STS, ["ES256"]);
  const words = [
    "--resource",
    "https://storage.test/",
    "--exchange",
    service.url,
    "--exchange-audience",
    STS,
  ];
  const { code, stdout } = await agent.verb(["token", ...words]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    token_type: "Bearer",
    access_token: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(service.taken.map(({ sub }) => sub)).toEqual([(await agent.status())["spiffe_id"]]);
  await service.close();
}

/** Everything an operator sees. */
async function everything(): Promise<unknown[]> {
  const { cluster } = world;
  const lists = await Promise.all([cluster.json(["workload", "list"]), cluster.json(["instance", "list"])]);
  const timeless = lists.map((list) => JSON.parse(JSON.stringify(list), withoutProgress) as unknown);
  return [
    cluster.issuer,
    cluster.oracles.map(({ id, url, local_url }) => ({ id, url, local_url })),
    timeless,
  ];
}

/** The running agent's heartbeats move these. */
function withoutProgress(key: string, value: unknown): unknown {
  return ["head_seq", "share_version"].includes(key) ? undefined : value;
}

/** After the change of mode: new tokens need a quorum, the old one holds until it ends, no oracle can mint any more. */
async function signsTogether(old: string): Promise<string> {
  const fresh = await token("read");
  expect([algOf(fresh), await holds(fresh), await holds(old)]).toEqual(["EdDSA", true, true]);
  for (const { id } of world.cluster.oracles) {
    const files = readdirSync(world.path(`cluster/oracle-${id}`));
    expect(files.filter((name) => /token/.test(name))).toEqual([]);
    expect(files).toContain("retiring-keys.json");
  }
  return fresh;
}

/** A receiver of security events (RFC 8935); resolves with where they appear. */
async function receiveEvents(): Promise<string[]> {
  const events: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      events.push(body);
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((done) => server.listen(eventPort, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return events;
}

/** No revocation is lost on the way: each oracle delivers it by itself, signed by a quorum, under one name. */
async function everyOracleTold(events: readonly string[], instance: string): Promise<void> {
  const { issuer, oracles } = world.cluster;
  await until(() => events.length >= oracles.length, { what: "the revocation at its receiver" });
  const keys = createRemoteJWKSet(new URL("/oauth2/jwks", issuer));
  const verified = await Promise.all(
    events.map((event) => jwtVerify(event, keys, { issuer, audience: API, typ: "secevent+jwt" })),
  );
  const told = verified.map(({ payload: { jti, sub_id } }) => ({ jti, sub_id }));
  expect(told[0]).toMatchObject({ sub_id: { session: { id: instance } } });
  expect(new Set(told.map(({ jti }) => jti)).size).toBe(1);
}

/** `issuer rotate --immediate`: the key is not trusted any more, nor is what it signed. */
async function replacesKey(distrusted: string): Promise<void> {
  const { kid: old } = decodeProtectedHeader(distrusted);
  const ordered = await world.cluster.json(["issuer", "rotate", "--immediate", "--reason", "theft"]);
  expect(ordered).toMatchObject({ immediate: true, refused_by: [] });
  const replaced = async (): Promise<boolean> => {
    const { keys } = await world.cluster.json(["issuer", "list"]);
    const kids = (keys as { jwk: { kid: string } }[]).map(({ jwk }) => jwk.kid);
    return kids.length > 0 && !kids.includes(String(old));
  };
  await until(replaced, { what: "the new issuer key" });
  await expect(holds(distrusted)).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
}

describe("a dev cluster that is stopped and resumed", () => {
  it("holds what it held, on the same addresses; agents go on; tokens of mode local hold in mode threshold", async () => {
    const revoked = await world.enrolled({ resources: [API] });
    await revoked.start();
    const instance = String((await revoked.status())["instance"]);
    await world.cluster.json(["instance", "revoke", instance, "--reason", "for the test"]);
    await until(async () => (await revoked.sign(Buffer.from("no"))).code === "ERR_INSTANCE_REVOKED", {
      what: "the revocation",
    });
    await mustSign(agent, "before");
    const before = await everything();
    await exchangesTokens();
    const old = await token();
    expect([algOf(old), await holds(old)]).toEqual(["ES256", true]);

    await world.cluster.stop();
    // Whoever wants revocations pushed was away when it happened, and comes back now.
    const events = await receiveEvents();
    world.cluster = await Cluster.start(world.path("cluster"), ["--token-mode", "threshold"]);
    expect(await everything()).toEqual(before);
    await until(async () => (await agent.sign(Buffer.from("after"))).signature !== undefined, {
      what: "signing after the restart",
    });
    expect((await revoked.sign(Buffer.from("no"))).code).toBe("ERR_INSTANCE_REVOKED");
    await expectUnharmed(world.cluster, agent);
    await everyOracleTold(events, instance);
    await replacesKey(await signsTogether(old));
  });

  it("refuses a second one on the same directory, and other numbers of oracles", async () => {
    const { dir } = world.cluster;
    const second = await runVerb("ipse-oracle", ["dev", "--dir", dir, "--json"]);
    expect([second.code, errorCodeOf(second)]).toEqual([1, "ERR_STORE_LOCKED"]);
    await mustSign(agent, "the first goes on");
  });
});
