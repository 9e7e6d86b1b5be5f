import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
} from "jose";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { verifies } from "../../workload-agent/test/tools/verify-signature.ts";
import { type Agent, errorCodeOf, runVerb, until, type VerbResult } from "../src/processes/index.ts";
import { startTokenService } from "./support/token-service.ts";
import { sharedCluster, useWorld } from "./support/world.ts";

const STS = "https://sts.test/signatures";
const API = "http://127.0.0.1:9/signatures";

let agent: Agent;
let spiffeId: string;
const world = useWorld(async (made) => {
  await sharedCluster(made);
  agent = await made.running({ resources: [STS, API], scopes: ["read"] });
  spiffeId = String((await agent.status())["spiffe_id"]);
});

/** The workload's public keys, as one oracle serves them. */
const jwksUri = (): URL =>
  new URL(`/workloads/${spiffeId.slice("spiffe://".length)}/jwks.json`, world.cluster.issuer);

function file(name: string, content: string): string {
  const path = world.path(name);
  writeFileSync(path, content);
  return path;
}

const json = (result: VerbResult): Record<string, unknown> => {
  expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining("ERR_")]);
  return JSON.parse(result.stdout) as Record<string, unknown>;
};

describe("ipse-agent attest", () => {
  const TYPE = "https://example.test/built/v1";
  let words: string[];
  let envelope: string;
  beforeAll(async () => {
    const [subject, predicate] = [file("app", "built bytes"), file("predicate.json", '{"by":"us"}')];
    words = ["attest", "--subject", subject, "--predicate", predicate, "--predicate-type", TYPE];
    envelope = file("app.dsse.json", JSON.stringify(json(await agent.verb(words))));
  });
  const verify = (...more: string[]) =>
    runVerb("ipse-agent", ["verify-attestation", "--envelope", envelope, ...more, "--json"]);

  it("signs what verify-attestation takes from the identity and from the published keys", async () => {
    const identity = file("identity.json", JSON.stringify(json(await agent.verb(["identity"]))));
    const published = file("jwks.json", await (await fetch(jwksUri())).text());
    const named = ["--subject", world.path("app"), "--predicate-type", TYPE];
    const statements = await Promise.all([
      verify("--identity", identity, ...named),
      verify("--jwks", published, ...named),
    ]);
    const sha256 = createHash("sha256").update("built bytes").digest("hex");
    for (const one of statements)
      expect(json(one)).toMatchObject({ verified: true, subject: [{ digest: { sha256 } }] });
  });

  it("is no statement about another file, of another type, by another key, or once it was changed", async () => {
    const identity = file("mine.json", JSON.stringify(json(await agent.verb(["identity"]))));
    const other = file("other", "other bytes");
    const { publicKey } = await generateKeyPair("EdDSA", { extractable: true });
    const stranger = file("stranger.json", JSON.stringify({ keys: [await exportJWK(publicKey)] }));
    const signed = JSON.parse(readFileSync(envelope, "utf8")) as { payload: string };
    const statement = Buffer.from(signed.payload, "base64").toString().replace('"us"', '"me"');
    const changed = file(
      "changed.json",
      JSON.stringify({ ...signed, payload: Buffer.from(statement).toString("base64") }),
    );
    const results = await Promise.all([
      verify("--identity", identity, "--subject", other),
      verify("--identity", identity, "--predicate-type", "https://example.test/other"),
      verify("--jwks", stranger),
      runVerb("ipse-agent", ["verify-attestation", "--envelope", changed, "--identity", identity, "--json"]),
    ]);
    expect(results.map((one) => [one.code, errorCodeOf(one)])).toEqual([
      [1, "ERR_ATTESTATION_SUBJECT"],
      [1, "ERR_ATTESTATION_PREDICATE_TYPE"],
      [1, "ERR_ATTESTATION_SIGNATURE"],
      [1, "ERR_ATTESTATION_SIGNATURE"],
    ]);
  });

  it("signs nothing that is not what it says", async () => {
    const twice = file("twice.json", '{"by":"us","by":"them"}');
    const result = await agent.verb([...words.slice(0, 3), "--predicate", twice, "--predicate-type", TYPE]);
    expect([result.code, result.stdout]).toEqual([2, ""]);
  });
});

/** A server that keeps the last request as it came. */
async function server(): Promise<{
  url: string;
  send: (headers: object, body: string) => Promise<IncomingMessage>;
}> {
  const listening = createServer((message, response) => {
    message.resume().on("end", () => response.end());
  });
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  onTestFinished(() => void listening.close());
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const send = async (headers: object, body: string) => {
    const arrived = once(listening, "request");
    request(`${url}/pay`, { method: "POST", headers: { ...headers }, agent: false }).end(body);
    return ((await arrived) as [IncomingMessage])[0];
  };
  return { url, send };
}

describe("ipse-agent http-signature", () => {
  const body = '{"amount":1}';
  const content = { "content-type": "application/json" };
  const sign = async (url: string, ...more: string[]) => {
    const words = ["--url", `${url}/pay`, "--method", "POST", "--header", "Content-Type: application/json"];
    const signed = await agent.verb(["http-signature", ...words, "--body", file("body", body), ...more]);
    return json(signed) as unknown as { headers: Record<string, string>; jwk: JWK };
  };

  it("signs a request with the threshold key; another library verifies it under the published keys", async () => {
    const { url, send } = await server();
    const { headers } = await sign(url, "--key", "threshold");
    const message = await send({ ...content, ...headers }, body);
    const { keys } = (await (await fetch(jwksUri())).json()) as { keys: JWK[] };
    const keyid = /;keyid="([^"]+)"/.exec(String(headers["signature-input"]))?.[1];
    const jwk = keys.find(({ kid }) => kid === keyid) ?? {};
    expect(await verifies(url, message, jwk)).toContain("content-digest");
    message.url = "/pay?more=1";
    await expect(verifies(url, message, jwk)).rejects.toThrow();
  });

  it("signs with the key its access token is bound to", async () => {
    const { url, send } = await server();
    const { headers, jwk } = await sign(url, "--resource", API);
    const message = await send({ ...content, ...headers }, body);
    expect(await verifies(url, message, jwk)).toContain("authorization");
    const { cnf } = decodeJwt(String(message.headers.authorization).slice("DPoP ".length));
    expect(cnf).toEqual({ jkt: await calculateJwkThumbprint(jwk) });
  });
});

describe("ipse-agent wimse", () => {
  it("gives an identity token that the published keys verify, and a proof by the key in it", async () => {
    const audience = "https://b.example/orders";
    const { wit, wpt } = json(await agent.verb(["wimse", "--audience", audience])) as {
      wit: string;
      wpt: string;
    };
    const keys = createRemoteJWKSet(jwksUri());
    const identity = await jwtVerify(wit, keys, { typ: "wit+jwt", subject: spiffeId, algorithms: ["EdDSA"] });
    const { jwk } = identity.payload["cnf"] as { jwk: JWK };
    const wth = createHash("sha256").update(wit).digest("base64url");
    const proof = await jwtVerify(wpt, await importJWK(jwk), { typ: "wpt+jwt", audience });
    expect(proof.payload["wth"]).toBe(wth);
  });
});

describe("ipse-agent token --exchange", () => {
  const storage = ["token", "--resource", "https://storage.test/"];

  it("brings a token service one of our tokens and returns its own", async () => {
    const service = await startTokenService(world.cluster.issuer, STS, ["EdDSA"]);
    onTestFinished(() => service.close());
    const words = [...storage, "--exchange", service.url, "--exchange-audience", STS];
    const { access_token, token_type } = json(await agent.verb(words));
    expect([access_token, token_type]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), "Bearer"]);
    expect(service.taken).toEqual([{ sub: spiffeId, kid: expect.any(String) }]);
  });

  it("sends nothing to a service that policy does not name, and says what a service refuses", async () => {
    const service = await startTokenService(world.cluster.issuer, "https://elsewhere.test/", ["EdDSA"]);
    onTestFinished(() => service.close());
    const stranger = await agent.verb([...storage, "--exchange", service.url]);
    const refused = await agent.verb([...storage, "--exchange", service.url, "--exchange-audience", STS]);
    const both = await agent.verb([...storage, "--exchange", service.url, "--issuer", service.url]);
    expect([stranger, refused, both].map((one) => [one.code, errorCodeOf(one)])).toEqual([
      [6, "ERR_ASSERTION_RESOURCE"],
      [1, "ERR_OAUTH_INVALID_GRANT"],
      [2, "ERR_USAGE"],
    ]);
    expect(service.taken).toEqual([]);
  });
});

describe("ipse-oracle issuer", () => {
  const listed = async (): Promise<string[]> => {
    const { keys } = (await world.cluster.json(["issuer", "list"])) as unknown as { keys: { jwk: JWK }[] };
    return keys.map(({ jwk }) => String(jwk.kid));
  };

  it("rotates the key: the next one is published before it signs, and a token service follows", async () => {
    const service = await startTokenService(world.cluster.issuer, STS, ["EdDSA"]);
    onTestFinished(() => service.close());
    const words = [...["token", "--resource", "https://s.test/"], ...["--exchange", service.url]];
    const [old] = await listed();
    const ordered = await world.cluster.json(["issuer", "rotate", "--reason", "drill"]);
    expect(ordered).toMatchObject({ immediate: false, refused_by: [] });
    const kids = await until(
      async () => {
        const found = await listed();
        return found.length > 1 ? found : undefined;
      },
      { what: "the next key", timeoutMs: 100_000 },
    );
    expect(kids).toContain(old);
    json(await agent.verb([...words, "--exchange-audience", STS]));
    expect(service.taken.map(({ kid }) => kid)).toEqual([old]);
  });
});
