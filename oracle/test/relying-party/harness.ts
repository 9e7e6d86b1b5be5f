import type { AddressInfo } from "node:net";
import { toBase64Url } from "@ipse/protocol";
import { portableGroup } from "@ipse/protocol/group";
import type { OracleNode } from "@ipse/protocol/host";
import type { IssuerTimes } from "@ipse/protocol/issuer";
import { credentialHash } from "@ipse/protocol/oauth";
import { type FastifyInstance, fastify } from "fastify";
import { pino } from "pino";
import { vi } from "vitest";
import { API, BILLING, ISSUER, ProofKey, TokenWorld } from "../../../protocol/test/issuer/token-world.ts";
import { depsOfNode, EventTokens, type OAuthDeps, oauthRoutes } from "../../src/oauth/index.ts";
import { EventPush } from "../../src/oauth-listener/event-push.ts";
import { nodeEs256 } from "../../src/ports/es256.ts";
import { type RelyingPartyOptions, relyingParty } from "../../src/relying-party/index.ts";

export { API, ISSUER, ProofKey };
export const SECRET = toBase64Url(new Uint8Array(32).fill(9));

/** Real HTTP in front of oracles in virtual time, which runs while requests are under way. */
export class Harness {
  /** How many are open: `Date` is theirs until the last is closed, whatever order the tests run in. */
  static #open = 0;

  readonly world: TokenWorld;
  readonly apps: FastifyInstance[] = [];
  readonly pushes: EventPush[] = [];
  urls: string[] = [];
  readonly #pump: NodeJS.Timeout;

  private constructor(name: string, times: Partial<IssuerTimes>) {
    Harness.#open++;
    vi.useFakeTimers({ toFake: ["Date"] });
    this.world = new TokenWorld(name, { times });
    vi.setSystemTime(this.world.cluster.world.clock.nowMs());
    this.#pump = setInterval(() => {
      this.world.cluster.world.settle(20);
      vi.setSystemTime(this.world.cluster.world.clock.nowMs());
    }, 4);
    const hash = credentialHash(SECRET) ?? new Uint8Array(32);
    for (const url of [API, BILLING])
      this.world.state({ kind: "resource", url, deleted: false, credentialHash: hash });
    this.world.cluster.world.settle(3_000);
  }

  static async create(name: string, times: Partial<IssuerTimes> = {}): Promise<Harness> {
    const harness = new Harness(name, times);
    for (const id of harness.world.cluster.ids) await harness.#serve(harness.world.cluster.node(id));
    return harness;
  }

  async #serve(node: OracleNode | undefined): Promise<void> {
    if (node?.tokens === undefined) throw new Error("no oracle");
    const { tokens } = node;
    const eventTokens = new EventTokens(tokens);
    const deps: OAuthDeps = {
      ...depsOfNode(node, this.world.cluster.world.clock),
      verifier: { group: portableGroup, verifyEs256: nodeEs256 },
      issuer: ISSUER,
      declaredUrls: [ISSUER],
      signer: {
        sign: () => {
          throw new Error("not alone");
        },
      },
      jwks: () => tokens.jwks(),
      eventTokens,
      rates: { perAddress: 10_000, perClient: 10_000 },
    };
    const app = await this.listen((one) => void one.register(oauthRoutes, deps));
    this.urls.push(app);
    this.push(node.oracle);
  }

  /** What delivers the events of an oracle as it is now: of another process after a restart. */
  push(oracle: number): EventPush {
    const node = this.world.cluster.node(oracle);
    if (node?.tokens === undefined) throw new Error("no oracle");
    const tokens = new EventTokens(node.tokens);
    const push = new EventPush({ events: node.events, tokens, log: pino({ level: "silent" }) });
    this.pushes.push(push);
    return push;
  }

  async listen(define: (app: FastifyInstance) => void): Promise<string> {
    const app = fastify({ routerOptions: { maxParamLength: 2100 } });
    define(app);
    await app.listen({ host: "127.0.0.1", port: 0 });
    this.apps.push(app);
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  }

  /** A protected API; its URL is what proofs name. */
  api(options: Partial<RelyingPartyOptions> = {}): Promise<string> {
    const { roster } = this.world.cluster.cast;
    return this.listen((app) => {
      app.register((scope, _options, done) => {
        scope.register(relyingParty, {
          issuer: ISSUER,
          resource: API,
          oracles: this.urls,
          roster,
          ...options,
        });
        scope.get("/orders", (request) => ({ sub: request.ipse?.sub }));
        scope.post("/orders", () => ({ made: true }));
        done();
      });
    });
  }

  /** A token of the workload, bound to the key where one is given. */
  token(key?: ProofKey, claims: object = {}): string {
    const { world } = this;
    const nonce = world.cluster.node(1)?.dpopNonces.current();
    const request =
      key === undefined
        ? world.request({}, claims)
        : world.request({ proof: key.proof(world, nonce) }, { cnf: { jkt: key.jkt }, ...claims });
    return world.token(1, request).accessToken;
  }

  async close(): Promise<void> {
    for (const push of this.pushes) push.stop();
    await Promise.all(this.apps.map((app) => app.close()));
    clearInterval(this.#pump);
    Harness.#open--;
    if (Harness.#open === 0) vi.useRealTimers();
  }
}

export interface Answer {
  readonly status: number;
  readonly error: unknown;
  readonly challenge: string;
  readonly nonce: string | undefined;
}

export async function call(url: string, headers: Record<string, string>, method = "GET"): Promise<Answer> {
  const answer = await fetch(url, { method, headers });
  const body = (await answer.json()) as { error?: unknown };
  return {
    status: answer.status,
    error: body.error,
    challenge: answer.headers.get("www-authenticate") ?? "",
    nonce: answer.headers.get("dpop-nonce") ?? undefined,
  };
}

/** Waits in real time until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error("it did not come about");
}
