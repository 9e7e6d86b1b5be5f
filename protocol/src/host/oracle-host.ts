import type { Hash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import type { TokenRevocation } from "../issuer/index.ts";
import { allow } from "../oauth/oauth-error.ts";
import type { SignedStatement } from "../registry/statement.ts";
import { selfOf } from "../session/oracle/cast-vote.ts";
import {
  learnEnrollment,
  onCert,
  onCommit,
  onEnroll,
  onStale,
  onStatus,
  onStep,
  records,
} from "../session/oracle/index.ts";
import type { PeerMessage } from "../wire/peer.ts";
import { helloInput, type OracleHello, type OracleMessage } from "../wire/session.ts";
import { Burns } from "./burns.ts";
import { DpopNonceBook } from "./dpop-nonces.ts";
import type { OpenedAgentMessage, OracleNode, OracleOptions, ReadyReasons } from "./oracle-api.ts";
import { OracleCore } from "./oracle-core.ts";
import { OracleEvents } from "./oracle-events.ts";
import { OracleGossip } from "./oracle-gossip.ts";
import { OracleIssuer } from "./oracle-issuer.ts";
import { OraclePool } from "./oracle-pool.ts";
import { OracleReads } from "./oracle-reads.ts";
import { busy, readyReasons } from "./oracle-ready.ts";
import { OracleRegistry } from "./oracle-registry.ts";
import { OracleTokens } from "./oracle-tokens.ts";
import { tokenJudge } from "./token-judge.ts";
import { TokenRevocations } from "./token-revocations.ts";

/** How long an agent waits while this oracle re-reads its peers after a start. */
const SYNCING_RETRY_MS = 250;

/** The oracle: one core, and around it registry, gossip, pool and reads. */
class OracleHost extends OracleReads implements OracleNode {
  readonly #core: OracleCore;
  readonly #registry: OracleRegistry;
  readonly #gossip: OracleGossip;
  readonly #pool: OraclePool;
  readonly #burns: Burns;
  readonly #issuer: OracleIssuer | undefined;
  readonly tokens: OracleTokens | undefined;
  readonly dpopNonces: DpopNonceBook;
  readonly events: OracleEvents;
  readonly #revocations: TokenRevocations;
  #synced = false;
  #stopping = false;

  constructor(core: OracleCore) {
    super(core);
    this.#core = core;
    this.#registry = new OracleRegistry(core);
    this.#gossip = new OracleGossip(core, this.#registry);
    core.gossip = this.#gossip;
    this.#pool = new OraclePool(core);
    this.#burns = new Burns(core);
    this.events = new OracleEvents(core);
    this.dpopNonces = new DpopNonceBook(core);
    this.#revocations = new TokenRevocations(core, () => tokenJudge(core, this.dpopNonces));
    const { issuer } = core.options;
    if (issuer === undefined) return;
    this.#issuer = new OracleIssuer(core, issuer);
    this.tokens = new OracleTokens(core, this.#issuer.keyring, this.dpopNonces, () => this.requireCurrent());
  }

  get oracle(): number {
    return this.#core.options.oracle;
  }

  get bootId(): Uint8Array {
    return this.#core.bootId;
  }

  get fenced(): boolean {
    return this.#core.fenced;
  }

  start(): void {
    this.#gossip.start();
    this.#pool.start();
    this.#burns.start();
    this.#revocations.start();
    this.events.start();
    this.#issuer?.start();
    this.tokens?.start();
  }

  stop(done: () => void): void {
    this.#stopping = true;
    this.#gossip.stop();
    this.#pool.stop();
    this.#burns.stop();
    this.#revocations.stop();
    this.events.stop();
    this.#issuer?.stop();
    this.tokens?.stop();
    this.#core.view.afterPending(done);
  }

  signHello(hello: OracleHello): Uint8Array {
    return this.signPeerProof(helloInput(hello));
  }

  signPeerProof(input: Uint8Array): Uint8Array {
    return this.#core.voteKey.sign(input);
  }

  /**
   * After a start, undecided headers, evidence and revocations of q-1 peers are read
   * before anything is voted on or signed (SPEC section 7, ordinary restart).
   */
  #ready(): boolean {
    if (this.#synced) return true;
    this.#synced = this.#gossip.syncedPeers >= this.#core.newest.quorum - 1;
    return this.#synced;
  }

  onAgentMessage(message: OpenedAgentMessage, reply: (message: OracleMessage) => void): void {
    if (this.#stopping) return reply(busy("ERR_ORACLE_STOPPING", "this oracle is stopping", 1000));
    if (message.kind === "status") {
      return this.#core.run((context) => onStatus(context, message.instance, message.challenge), { reply });
    }
    if (!this.#ready())
      return reply(busy("ERR_ORACLE_SYNCING", "this oracle is re-reading its peers", SYNCING_RETRY_MS));
    switch (message.kind) {
      case "reserve":
        return this.#pool.reserve(message.request, message.signature, reply);
      case "enroll":
        return this.#core.run((context) => onEnroll(context, message), { reply });
      case "step":
        return this.#core.run((context) => onStep(context, message), { reply });
      case "commit":
        return this.#core.run((context) => onCommit(context, message), { reply });
      case "cert":
        return this.#onCert(message, reply);
      case "stale":
        return this.#core.run((context) => onStale(context, message), { reply });
    }
  }

  #onCert(
    message: Extract<OpenedAgentMessage, { kind: "cert" }>,
    reply: (message: OracleMessage) => void,
  ): void {
    const { certified, enrollment } = message;
    if (enrollment !== undefined) {
      const root = { signed: certified.signed, body: enrollment };
      this.#core.run(
        (context) => learnEnrollment(context, root, certified)?.outcome() ?? { mutations: [], effects: [] },
      );
    }
    this.#core.run((context) => onCert(context, certified, true, message.signature), { reply });
  }

  onPeerUp(oracle: number): void {
    this.#gossip.onPeerUp(oracle);
    this.#pool.onPeerUp(oracle);
    this.#issuer?.onPeerUp(oracle);
    this.tokens?.onPeerUp(oracle);
    this.#revocations.onPeerUp(oracle);
  }

  onPeerDown(oracle: number): void {
    this.#gossip.onPeerDown(oracle);
    this.#pool.onPeerDown(oracle);
    this.#issuer?.onPeerDown(oracle);
    this.tokens?.onPeerDown(oracle);
    this.#revocations.onPeerDown(oracle);
  }

  onPeerMessage(oracle: number, message: PeerMessage): void {
    if (this.#core.broken !== undefined) return;
    if (message.kind === "dkg") return this.#pool.onDkg(oracle, message.payload);
    if (message.kind === "issuerDkg") return this.#issuer?.onDkg(oracle, message.payload);
    if (message.kind === "cosign") return this.tokens?.onCosign(oracle, message.attempt, message.message);
    if (message.kind === "tokenRevoked") return this.#revocations.onPeer(oracle, message);
    this.#gossip.onMessage(oracle, message);
  }

  submitStatement(statement: SignedStatement, done: (error: Error | undefined) => void): void {
    try {
      this.#registry.accept(statement, true, () => done(undefined));
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      done(error);
    }
  }

  burn(key: Uint8Array, untilMs: number, done: (fresh: boolean) => void): void {
    this.#burns.burn(key, untilMs, done);
  }

  revokeToken(revocation: TokenRevocation, done: () => void): void {
    this.#revocations.add(revocation, done);
  }

  tokenRevoked(spiffeId: string, jti: string): boolean {
    return this.#revocations.has(spiffeId, jti);
  }

  requireCurrent(): void {
    allow(!this.fenced, "temporarily_unavailable", "this oracle was rolled back and signs nothing");
    allow(this.#ready(), "temporarily_unavailable", "this oracle is re-reading its peers");
  }

  fence(reason: string, done: () => void): void {
    this.#core.fence(reason, done);
  }

  ready(): ReadyReasons {
    return readyReasons(this.#core, {
      connected: this.#gossip.connectedPeers,
      synced: this.#ready(),
      ownedKeys: this.#pool.size().owned,
      issuerKey: this.tokens?.ready !== false,
    });
  }

  metrics(): Readonly<Record<string, number>> {
    const pool = this.#pool.size();
    return {
      ...this.#core.counts,
      ...this.tokens?.metrics(),
      nonce_slots: this.#core.vault.size,
      peers_connected: this.#gossip.connectedPeers,
      pool_keys_owned: pool.owned,
      pool_keys_total: pool.total,
      vote_counter: selfOf(this.#core.context()).counter,
      fenced: this.fenced ? 1 : 0,
    };
  }

  /** The record behind a summary; the simulator's checkers look at it. */
  record(id: Hash): records.InstanceRecord | undefined {
    return this.#core.view.get(records.instances, id);
  }
}

/**
 * Builds an oracle over its ports. `fail` is told of a durable write that failed;
 * the process must end then. Throws ERR_ROSTER_* when rosters or vote key do not fit.
 */
export function createOracle(
  options: OracleOptions,
  fail: (error: Error) => void,
): OracleNode & Pick<OracleHost, "record"> {
  return new OracleHost(new OracleCore(options, fail));
}
