import { equalBytes, toBase64Url, toHex } from "@ipse/protocol";
import { portableGroup } from "@ipse/protocol/group";
import { CLIENT_ASSERTION_TYPE, credentialHash, identityKid, type PublicJwk } from "@ipse/protocol/oauth";
import type { Resource, Workload } from "@ipse/protocol/registry";
import { type FastifyInstance, fastify } from "fastify";
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import {
  createLocalSigner,
  generateLocalKey,
  type LocalAlg,
  type OAuthDeps,
  type OAuthInstance,
  oauthRoutes,
} from "../../src/oauth/index.ts";
import { nodeEs256 } from "../../src/ports/es256.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** An instance whose plain Ed25519 key stands in for a threshold key: nobody can tell them apart. */
export interface TestInstance extends Mutable<OAuthInstance> {
  readonly privateKey: CryptoKey;
  readonly kid: string;
}

export const API = "https://orders.test/";
export const OTHER_API = "https://billing.test/";
export const SPIFFE_ID = "spiffe://test.ipse/prod/api";
export const SECRET = toBase64Url(new Uint8Array(32).fill(5));

let serial = 0;
export async function newInstance(spiffeId = SPIFFE_ID): Promise<TestInstance> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const { x = "" } = await exportJWK(publicKey);
  const identityKey = new Uint8Array(Buffer.from(x, "base64url"));
  serial++;
  const instance = new Uint8Array(32).fill(serial);
  const kid = toBase64Url(identityKid(identityKey));
  return { instance, spiffeId, identityKey, status: "active", privateKey, kid };
}

const resourceOf = (url: string): Resource => ({
  url,
  deleted: false,
  credentialHash: credentialHash(SECRET) ?? new Uint8Array(32),
});

/** A cluster of one in memory: what the registry and the store would say. */
export class World implements OAuthDeps {
  readonly issuer: string = "https://id.test.ipse";
  readonly declaredUrls: readonly string[] = ["https://o1.test.ipse"];
  readonly verifier = { group: portableGroup, verifyEs256: nodeEs256 };
  readonly signer: OAuthDeps["signer"];
  readonly tokenKeys: PublicJwk[];
  readonly rates = { perAddress: 1000, perClient: 1000 };
  readonly instances: TestInstance[] = [];
  readonly burned = new Map<string, number>();
  readonly resources = new Map([API, OTHER_API].map((url) => [url, resourceOf(url)]));
  now = Date.now();
  policy: Mutable<Workload> | undefined = {
    spiffeId: SPIFFE_ID,
    deleted: false,
    resources: [API],
    scopes: ["orders:read", "orders:write"],
    ttlSeconds: 300,
    onStale: "quarantine",
    allowRaw: false,
  };
  /** Runs while a burn is being made durable. */
  duringBurn = () => {};

  private constructor(signer: ReturnType<typeof createLocalSigner>) {
    this.signer = signer;
    this.tokenKeys = [signer.publicJwk];
  }

  static async create(alg: LocalAlg = "ES256"): Promise<World> {
    const world = new World(createLocalSigner(await generateLocalKey(alg), portableGroup.ed25519));
    world.instances.push(await newInstance());
    return world;
  }

  get instance(): TestInstance {
    const [first] = this.instances;
    if (first === undefined) throw new Error("no instance");
    return first;
  }

  nowMs = () => this.now;
  jwks = () => this.tokenKeys;
  burnJti = async (key: Uint8Array, untilMs: number) => {
    const name = toHex(key);
    const fresh = !this.burned.has(name);
    this.burned.set(name, untilMs);
    await Promise.resolve();
    this.duringBurn();
    return fresh;
  };
  requireCurrent = () => {};
  instanceByKid = (kid: Uint8Array) =>
    this.instances.find((one) => equalBytes(identityKid(one.identityKey), kid));
  instancesOf = async (spiffeId: string) => this.instances.filter((one) => one.spiffeId === spiffeId);
  statusOf = (id: Uint8Array) => this.instances.find((one) => equalBytes(one.instance, id))?.status;
  readonly ended = new Set<string>();
  revokeToken = async ({ jti }: { jti: string }) => {
    this.ended.add(jti);
    await Promise.resolve();
  };
  tokenRevoked = (_spiffeId: string, jti: string) => this.ended.has(jti);
  workload = (spiffeId: string) => (spiffeId === SPIFFE_ID ? this.policy : undefined);
  resource = (url: string) => this.resources.get(url);

  app(changes: Partial<OAuthDeps> = {}): FastifyInstance {
    const app = fastify({ routerOptions: { maxParamLength: 2100 } });
    app.register(oauthRoutes, Object.assign(Object.create(this) as World, changes));
    return app;
  }

  seconds(): number {
    return Math.floor(this.now / 1000);
  }

  /** A client assertion; changes to undefined leave a claim out. */
  assertion(claims: object = {}, header: object = {}, by: TestInstance = this.instance): Promise<string> {
    const iat = this.seconds();
    const payload = { iss: by.spiffeId, sub: by.spiffeId, aud: this.issuer, iat, exp: iat + 60 };
    return new SignJWT({ ...payload, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ typ: "client-authentication+jwt", alg: "EdDSA", kid: by.kid, ...header })
      .sign(by.privateKey);
  }
}

export interface DpopKey {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly jkt: string;
}

export async function newDpopKey(alg = "ES256"): Promise<DpopKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

export function proof(world: World, key: DpopKey, claims: object = {}, header: object = {}): Promise<string> {
  const iat = world.seconds();
  const htu = `${world.issuer}/oauth2/token`;
  return new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu, iat, ...claims })
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk, ...header })
    .sign(key.privateKey);
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Readonly<Record<string, unknown>>;
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

export async function post(
  app: FastifyInstance,
  url: string,
  body: string | Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const payload = typeof body === "string" ? body : new URLSearchParams(body).toString();
  const response = await app.inject({ method: "POST", url, payload, headers: { ...FORM, ...headers } });
  return {
    status: response.statusCode,
    body: response.json<Record<string, unknown>>(),
    headers: response.headers,
  };
}

export const tokenForm = (assertion: string, more: Record<string, string> = {}) => ({
  grant_type: "client_credentials",
  client_assertion_type: CLIENT_ASSERTION_TYPE,
  client_assertion: assertion,
  ...more,
});

/** A server nonce, as a client gets one: by being refused. */
export async function nonceOf(app: FastifyInstance): Promise<string> {
  const { headers } = await post(app, "/oauth2/token", {});
  return String(headers["dpop-nonce"]);
}

export const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`,
});
