import { randomBytes } from "node:crypto";
import { type Group, loadGroup } from "@ipse/protocol/group";
import { createOracle, type OracleNode } from "@ipse/protocol/host";
import {
  encodeJoinUri,
  NO_PREVIOUS,
  type Roster,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
  type SignedStatement,
  type StatementPayload,
  statementInput,
  type Ticket,
  ticketInput,
} from "@ipse/protocol/registry";
import { kernelEntropy, systemClock, systemTimers } from "../../src/platform/index.ts";
import { MemoryStore } from "./memory-store.ts";
import { OracleServer } from "./oracle-server.ts";
import { until } from "./until.ts";

export const SPIFFE_ID = "spiffe://test.ipse/worker";
export const ISSUER = "http://127.0.0.1:9";

const fresh = (count: number) => new Uint8Array(randomBytes(count));

function rosterOf(group: Group, operator: Uint8Array, votes: readonly Uint8Array[]): Roster {
  return {
    version: 1,
    trustDomain: "test.ipse",
    issuer: ISSUER,
    serial: 1,
    previous: NO_PREVIOUS,
    operators: [
      {
        name: "op",
        publicKey: group.ed25519.publicKey(operator),
        roles: ["mint", "contain"],
        notBeforeMs: 0,
        notAfterMs: Date.now() + 3_600_000,
      },
    ],
    mintThreshold: 1,
    oracles: votes.map((seed, i) => ({ id: i + 1, voteKey: group.ed25519.publicKey(seed) })),
    quorum: 3,
    byzantineMax: 1,
  };
}

/** Four real oracle machines in this process, behind real sockets; one operator. */
export class Cluster {
  readonly group: Group;
  readonly roster: SignedRoster;
  readonly servers: readonly OracleServer[];
  readonly #operator = fresh(32);
  readonly #nodes: OracleNode[];
  readonly #endpoints: SignedStatement[] = [];
  #serial = 0;

  private constructor(group: Group) {
    this.group = group;
    const votes = Array.from({ length: 4 }, () => fresh(32));
    const roster = rosterOf(group, this.#operator, votes);
    const signature = group.ed25519.sign(this.#operator, rosterSigningInput(roster));
    const signatures = [{ publicKey: group.ed25519.publicKey(this.#operator), signature }];
    this.roster = { roster, signatures };
    this.#nodes = votes.map((voteSeed, i) => this.#node(i + 1, voteSeed));
    this.servers = this.#nodes.map(
      (node) => new OracleServer({ roster: this.roster, endpoints: () => this.#endpoints, node: () => node }),
    );
  }

  static async start(): Promise<Cluster> {
    const { group } = await loadGroup();
    const cluster = new Cluster(group);
    for (const server of cluster.servers) await server.start();
    for (const node of cluster.#nodes) node.start();
    for (const node of cluster.#nodes)
      for (const other of cluster.#nodes) if (other !== node) node.onPeerUp(other.oracle);
    const ready = () => cluster.#nodes.every((node) => Object.keys(node.ready()).length === 0);
    await until("the oracles are ready", ready, 60_000);
    await cluster.#register();
    return cluster;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await Promise.all(this.#nodes.map((node) => new Promise<void>((done) => node.stop(done))));
  }

  #node(oracle: number, voteSeed: Uint8Array): OracleNode {
    const options = {
      group: this.group,
      oracle,
      voteSeed,
      rosters: [this.roster],
      clock: systemClock,
      entropy: kernelEntropy(),
      timers: systemTimers,
      store: new MemoryStore(),
      events: () => {},
      poolKeysPerOracle: 3,
      peers: {
        send: (to: number, message: Parameters<OracleNode["onPeerMessage"]>[1]) => {
          setImmediate(() => this.#nodes[to - 1]?.onPeerMessage(oracle, message));
          return true;
        },
      },
    };
    return createOracle(options, (error) => {
      throw error;
    });
  }

  #sign(payload: StatementPayload): SignedStatement {
    this.#serial++;
    const hash = rosterHash(this.roster.roster);
    const issuedAtMs = Date.now();
    const statement = { version: 1, rosterHash: hash, serial: this.#serial, issuedAtMs, payload } as const;
    const publicKey = this.group.ed25519.publicKey(this.#operator);
    const signature = this.group.ed25519.sign(this.#operator, statementInput(statement));
    return { statement, signatures: [{ publicKey, signature }] };
  }

  /** An operator's word, to every oracle. */
  async submit(payload: StatementPayload): Promise<SignedStatement> {
    const signed = this.#sign(payload);
    const one = (node: OracleNode) =>
      new Promise<void>((resolve, reject) =>
        node.submitStatement(signed, (error) => (error === undefined ? resolve() : reject(error))),
      );
    await Promise.all(this.#nodes.map(one));
    return signed;
  }

  async #register(): Promise<void> {
    const resources = ["https://api.example"];
    const grants = {
      resources,
      scopes: ["read"],
      ttlSeconds: 300,
      onStale: "quarantine",
      allowRaw: true,
    } as const;
    await this.submit({ kind: "workload", spiffeId: SPIFFE_ID, deleted: false, ...grants });
    for (const [i, { url }] of this.servers.entries()) {
      const place = { sessionUrl: url, oauthUrl: url, tlsPin: new Uint8Array(32) };
      this.#endpoints.push(await this.submit({ kind: "endpoint", oracle: i + 1, ...place }));
    }
  }

  /** A signed endpoint statement that no oracle has. */
  endpoint(oracle: number, url: string): SignedStatement {
    return this.#sign({
      kind: "endpoint",
      oracle,
      sessionUrl: url,
      oauthUrl: url,
      tlsPin: new Uint8Array(32),
    });
  }

  /** An endpoint statement with a signature that is not the operator's. */
  forgedEndpoint(oracle: number): SignedStatement {
    const signed = this.endpoint(oracle, "http://127.0.0.1:6666");
    const [first] = signed.signatures;
    const publicKey = first?.publicKey ?? new Uint8Array(32);
    return { ...signed, signatures: [{ publicKey, signature: new Uint8Array(64).fill(1) }] };
  }

  /** Has the registry listeners serve a statement, checked by nobody. */
  spread(signed: SignedStatement): void {
    this.#endpoints.push(signed);
  }

  /** Moves a stopped oracle's listener to another port, by an operator's statement. */
  async move(oracle: number): Promise<void> {
    const server = this.servers[oracle - 1];
    await server?.start(true);
    this.#endpoints[oracle - 1] = this.endpoint(oracle, server?.url ?? "");
  }

  /** A join URI; `ttlMs` below zero makes one that has expired. */
  joinUri(ttlMs = 600_000, uses = 1): string {
    const seed = fresh(32);
    const hash = rosterHash(this.roster.roster);
    const issuedAtMs = Date.now() + Math.min(0, ttlMs) - 1000;
    const ticket: Ticket = {
      version: 1,
      rosterHash: hash,
      id: fresh(16),
      spiffeId: SPIFFE_ID,
      ticketKey: this.group.ed25519.publicKey(seed),
      uses,
      issuedAtMs,
      expiresAtMs: Date.now() + ttlMs,
    };
    const signature = this.group.ed25519.sign(this.#operator, ticketInput(ticket));
    const signer = this.group.ed25519.publicKey(this.#operator);
    return encodeJoinUri({
      version: 1,
      seed,
      signedTicket: { ticket, delegation: undefined, signer, signature },
      rosterHash: hash,
      bootstrap: this.servers.map(({ url }, i) => ({
        oracle: i + 1,
        sessionUrl: url,
        tlsPin: new Uint8Array(32),
      })),
      heartbeatMs: 2000,
    });
  }
}
