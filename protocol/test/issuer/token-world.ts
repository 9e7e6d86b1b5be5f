import { p256 } from "@noble/curves/nist.js";
import { concatBytes, toBase64Url, toHex, utf8 } from "../../src/bytes.ts";
import { encode } from "../../src/encoding/index.ts";
import type { IssuedToken, IssuerOptions } from "../../src/host/oracle-api.ts";
import type { Table } from "../../src/host/table.ts";
import type { SignableTokenRequest } from "../../src/issuer/index.ts";
import {
  identityKid,
  identityKidText,
  jwkThumbprint,
  OAuthError,
  type PublicJwk,
} from "../../src/oauth/index.ts";
import { type Roster, rosterHash } from "../../src/registry/roster.ts";
import type { Workload } from "../../src/registry/statement.ts";
import { records } from "../../src/session/oracle/index.ts";
import { seededRandom } from "../group/backends.ts";
import { group, SPIFFE_ID, statementOf } from "../session/world/cast.ts";
import { Cluster, TOPOLOGIES, type Topology } from "../session/world/cluster.ts";

export const API = "https://orders.test/";
export const BILLING = "https://billing.test/";
export const ISSUER = "http://issuer.test";

export const POLICY: Workload = {
  spiffeId: SPIFFE_ID,
  deleted: false,
  resources: [API, BILLING],
  scopes: ["read", "write"],
  ttlSeconds: 300,
  onStale: "quarantine",
  allowRaw: false,
};

export const identitySeed = seededRandom("identity")(32);
/** A plain Ed25519 key stands in for a threshold key: nobody can tell them apart. */
export const identityKey = group.ed25519.publicKey(identitySeed);
export const INSTANCE = new Uint8Array(32).fill(0x1a);
const [FOUR] = TOPOLOGIES;

export type Outcome = IssuedToken | OAuthError;

function part(value: object): string {
  return toBase64Url(utf8(JSON.stringify(value)));
}

/** An assertion as an honest client signs it, but for these claims. */
export function assertionOf(iat: number, claims: object, header: object = {}): string {
  const fields = { iss: SPIFFE_ID, sub: SPIFFE_ID, aud: ISSUER, iat, exp: iat + 60, ...claims };
  const kid = identityKidText(identityKey);
  const typ = { typ: "client-authentication+jwt", alg: "EdDSA", kid, ...header };
  const input = `${part(typ)}.${part(fields)}`;
  return `${input}.${toBase64Url(group.ed25519.sign(identitySeed, utf8(input)))}`;
}

/** An active instance under the identity key. */
export function activeRecord(roster: Roster): records.InstanceRecord {
  return {
    version: 1,
    constants: {
      instance: INSTANCE,
      rosterHash: rosterHash(roster),
      spiffeId: SPIFFE_ID,
      evidenceKey: identityKey,
      identityKey,
      threshold: roster.quorum,
      oracleCount: roster.oracles.length,
    },
    status: "active",
    reason: undefined,
    release: 0,
    head: undefined,
    vote: undefined,
    shares: [],
    undecided: [],
    prunedBelow: 0,
  };
}

/** Oracles that issue tokens together, one registered workload, one active instance. */
export class TokenWorld {
  readonly cluster: Cluster;
  #serial = 10;
  #jti = 0;

  constructor(name: string, issuer: IssuerOptions = {}, topology: Topology = FOUR) {
    this.cluster = new Cluster(topology, name, { issuer });
    const { cast, disks } = this.cluster;
    const record = activeRecord(cast.roster);
    const row = <T>(table: Table<T>, key: Uint8Array, value: T) =>
      [concatBytes(table.prefix, key), encode(table.codec, value)] as const;
    for (const disk of disks) {
      disk.fill([
        row(records.instances, INSTANCE, record),
        row(records.kidIndex, identityKid(identityKey), { instance: INSTANCE }),
      ]);
    }
    this.cluster.boot();
    this.state({ kind: "workload", ...POLICY });
  }

  get seconds(): number {
    return Math.floor(this.cluster.world.clock.nowMs() / 1000);
  }

  /** An operator's statement, given to some oracles (all by default). */
  state(payload: Parameters<typeof statementOf>[1], to = this.cluster.ids, settleMs = 2_000): void {
    const signed = statementOf(this.cluster.cast, payload, this.#serial++, this.cluster.world.clock.nowMs());
    for (const id of to) this.cluster.node(id)?.submitStatement(signed, () => undefined);
    this.cluster.world.settle(settleMs);
  }

  assertion(claims: object = {}, header: object = {}): string {
    const named = { jti: `jti-${this.#jti++}`, scope: "read", resource: API };
    return assertionOf(this.seconds, { ...named, ...claims }, header);
  }

  /** A request as an honest client makes it; bearer unless it brings a proof. */
  request(changes: Partial<SignableTokenRequest> = {}, claims: object = {}): SignableTokenRequest {
    const named = { scope: "read", resource: API };
    const bound = Object.fromEntries(
      Object.entries({ ...named, ...claims }).filter(([, value]) => value !== undefined),
    );
    return {
      assertion: this.assertion({ ...named, ...claims }),
      clientId: undefined,
      scope: bound["scope"] as string | undefined,
      resource: bound["resource"] as string | undefined,
      proof: undefined,
      ...changes,
    };
  }

  /** Asks some oracles at the same moment; what each said once everything has settled. */
  ask(oracles: readonly number[], request: SignableTokenRequest, settleMs = 6_000): Outcome[] {
    const out = new Map<number, Outcome>();
    for (const id of oracles) {
      this.cluster.node(id)?.tokens?.issueToken(
        request,
        () => undefined,
        (result) => out.set(id, result),
      );
    }
    this.cluster.world.settle(settleMs, () => out.size === oracles.length);
    return oracles.flatMap((id) => out.get(id) ?? []);
  }

  /** One oracle is asked; its answer in a word. */
  askOne(oracle: number, request: SignableTokenRequest): string {
    const [outcome] = this.ask([oracle], request);
    return wordOf(outcome);
  }

  token(oracle = 1, request = this.request()): IssuedToken {
    const [outcome] = this.ask([oracle], request);
    if (outcome === undefined || outcome instanceof OAuthError) throw outcome ?? new Error("no answer");
    return outcome;
  }
}

export function wordOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "nothing";
  return outcome instanceof OAuthError ? outcome.error : "token";
}

export function claimsOf(token: string): Record<string, unknown> {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

/** A DPoP key of its own. */
export class ProofKey {
  readonly #secret: Uint8Array;
  readonly jwk: PublicJwk;
  readonly jkt: string;

  constructor(name: string) {
    this.#secret = seededRandom(`dpop/${name}`)(32);
    const point = p256.getPublicKey(this.#secret, false);
    const [x, y] = [point.slice(1, 33), point.slice(33)].map(toBase64Url);
    this.jwk = { kty: "EC", crv: "P-256", x: x ?? "", y: y ?? "" };
    this.jkt = jwkThumbprint(this.jwk);
  }

  proof(world: TokenWorld, nonce: string | undefined, changes: object = {}): string {
    const jti = toHex(seededRandom(`${Math.random()}`)(8));
    const claims = { jti, htm: "POST", htu: `${ISSUER}/oauth2/token`, iat: world.seconds, nonce, ...changes };
    const input = `${part({ typ: "dpop+jwt", alg: "ES256", jwk: this.jwk })}.${part(claims)}`;
    return `${input}.${toBase64Url(p256.sign(utf8(input), this.#secret))}`;
  }
}
