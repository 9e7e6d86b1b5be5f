import { createHash } from "node:crypto";
import { relyingParty } from "@ipse/oracle/relying-party";
import type { Roster } from "@ipse/protocol/registry";
import { type FastifyInstance, fastify } from "fastify";
import { ownCpuMs } from "../cluster/process-cpu.ts";
import { median } from "../measure/stats.ts";
import { expectTrue, known } from "../signing/material.ts";
import type { BenchClient } from "./clients.ts";
import { burst } from "./http-load.ts";
import { API, dpopProof, signRequest, type TokenServer } from "./presign.ts";
import { freshNonce } from "./stretch.ts";

/** Two more come first: so many requests until all code is as fast as it gets. */
const ROUNDS = 9;
const BASE = API.replace(/\/$/, "");

type Headers = Readonly<Record<string, string>>;

interface Token {
  readonly text: string;
  readonly client: BenchClient;
}

/** As many tokens as are asked for, bound to the clients' keys or not. */
async function tokens(server: TokenServer, clients: readonly BenchClient[], count: number, dpop: boolean) {
  const nonce = dpop ? await freshNonce(server, known(clients[0], "a client")) : undefined;
  const asking = Array.from({ length: count }, (_, i) => known(clients[i % clients.length], "a client"));
  const endpoint = (i: number): URL => known(server.endpoints[i % server.endpoints.length], "an endpoint");
  const requests = asking.map((client, i) => signRequest(server, client, endpoint(i), nonce));
  const clientOf = new Map(requests.map((one, i) => [one, known(asking[i], "a client")]));
  const { answers } = await burst(requests, 16);
  return answers.map(({ request, text }): Token => {
    const { access_token } = JSON.parse(text) as { access_token: string };
    return { text: access_token, client: known(clientOf.get(request), "a client") };
  });
}

const bearer = ({ text }: Token): Headers => ({ authorization: `Bearer ${text}` });

function proven({ text, client }: Token): Headers {
  const ath = createHash("sha256").update(text).digest("base64url");
  const dpop = dpopProof(client, { htm: "GET", htu: `${BASE}/protected`, ath });
  return { authorization: `DPoP ${text}`, dpop };
}

/** An API with one route behind the plugin and one that anybody may call; nothing else differs. */
async function api(roster: Roster, oracles: readonly string[]): Promise<FastifyInstance> {
  const app = fastify();
  const resource = { issuer: roster.issuer, resource: API, oracles, roster, bearer: true, urls: [BASE] };
  app.get("/open", () => ({ fine: true }));
  await app.register(async (scope) => {
    await scope.register(relyingParty, resource);
    scope.get("/protected", () => ({ fine: true }));
  });
  await app.ready();
  return app;
}

/** CPU time of this process for one request, collecting garbage included. Throws unless each is answered well. */
async function cpuOf(app: FastifyInstance, url: string, all: readonly Headers[]): Promise<number> {
  const from = ownCpuMs();
  for (const headers of all) {
    const { statusCode } = await app.inject({ method: "GET", url, headers });
    expectTrue(statusCode === 200, `${url} with a good token`);
  }
  return (ownCpuMs() - from) / all.length;
}

/**
 * What the relying party's plugin costs a request, in CPU time: the same requests to a protected and to an open
 * route, the difference of both, as a median of rounds. The issuer's keys are there; each token is seen for the first
 * time, or the second. `count`: requests of a round; some hundred, or one collection of garbage is the figure. The
 * routes take turns in going first: the one that does also collects what making the requests left behind.
 */
export async function verifyCost(
  roster: Roster,
  server: TokenServer,
  clients: readonly BenchClient[],
  count: number,
): Promise<Record<string, number>> {
  const urls = server.endpoints.map(({ origin }) => origin);
  const plain = await tokens(server, clients, count, false);
  const bound = await tokens(server, clients, count, true);
  const [first] = await tokens(server, clients, 1, false);
  const cases = {
    bearer: () => [plain.map(bearer)],
    bearer_again: () => [plain.map(bearer), plain.map(bearer)],
    dpop: () => [bound.map(proven)],
    dpop_again: () => [bound.map(proven), bound.map(proven)],
  } as const;
  const spent = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, make] of Object.entries(cases)) {
      const app = await api(roster, urls);
      const sets = make();
      const last = known(sets.pop(), "requests");
      await cpuOf(app, "/protected", [bearer(known(first, "a token"))]);
      for (const set of sets) await cpuOf(app, "/protected", set);
      const early = round % 2 === 0 ? await cpuOf(app, "/open", last) : undefined;
      const protectedMs = await cpuOf(app, "/protected", last);
      const openMs = early ?? (await cpuOf(app, "/open", last));
      if (round >= 0) spent.get(name)?.push(protectedMs - openMs);
      await app.close();
    }
  }
  const figures = [...spent].map(
    ([name, values]) => [`token_verify_${name}_cpu_ms`, median(values)] as const,
  );
  const worst = Math.max(...figures.map(([, value]) => value));
  return { token_verify_cpu_ms: worst, ...Object.fromEntries(figures) };
}
