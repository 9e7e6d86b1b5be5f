import { portableGroup } from "@ipse/protocol/group";
import type { InstanceSummary, OpenedAgentMessage, OracleNode } from "@ipse/protocol/host";
import type { Endpoint, SignedStatement, Workload } from "@ipse/protocol/registry";
import { helloInput, type OracleMessage, type PeerMessage } from "@ipse/protocol/wire";

const group = portableGroup;

export interface Asked {
  readonly message: OpenedAgentMessage;
  readonly reply: (message: OracleMessage) => void;
}

/** An oracle's core as its edge sees it: it remembers what it was asked and answers what a test tells it to. */
export class FakeNode implements OracleNode {
  readonly oracle: number;
  readonly voteSeed: Uint8Array;
  readonly bootId = new Uint8Array(16).fill(7);
  readonly asked: Asked[] = [];
  readonly peerEvents: (readonly [string, number, PeerMessage?])[] = [];
  readonly endpoints = new Map<number, Endpoint>();
  readonly submitted: SignedStatement[] = [];
  summaries: InstanceSummary[] = [];
  known: Workload[] = [];
  refuse: Error | undefined;
  readonly tokens = undefined;
  readonly events = {
    pending: () => [],
    pushUrl: () => undefined,
    acknowledge: (_audience: string, _jtis: readonly string[], done: () => void) => done(),
  };
  readonly dpopNonces = { current: () => "nonce", accepts: (nonce: string) => nonce === "nonce" };
  fenced = false;
  reasons: ReturnType<OracleNode["ready"]> = {};
  onAsk: ((asked: Asked) => void) | undefined;
  onPeer: (() => void) | undefined;
  onSubmit: ((statement: SignedStatement) => void) | undefined;

  constructor(oracle: number, voteSeed: Uint8Array = new Uint8Array(32).fill(oracle)) {
    this.oracle = oracle;
    this.voteSeed = voteSeed;
  }

  get voteKey(): Uint8Array {
    return group.ed25519.publicKey(this.voteSeed);
  }

  start(): void {}
  stop(done: () => void): void {
    done();
  }
  signHello(hello: Parameters<OracleNode["signHello"]>[0]): Uint8Array {
    return group.ed25519.sign(this.voteSeed, helloInput(hello));
  }
  signPeerProof(input: Uint8Array): Uint8Array {
    return group.ed25519.sign(this.voteSeed, input);
  }
  onAgentMessage(message: OpenedAgentMessage, reply: (message: OracleMessage) => void): void {
    const asked = { message, reply };
    this.asked.push(asked);
    this.onAsk?.(asked);
  }
  #peer(event: string, oracle: number, message?: PeerMessage): void {
    this.peerEvents.push(message === undefined ? [event, oracle] : [event, oracle, message]);
    this.onPeer?.();
  }
  onPeerUp(oracle: number): void {
    this.#peer("up", oracle);
  }
  onPeerDown(oracle: number): void {
    this.#peer("down", oracle);
  }
  onPeerMessage(oracle: number, message: PeerMessage): void {
    this.#peer("message", oracle, message);
  }
  submitStatement(statement: SignedStatement, done: (error: Error | undefined) => void): void {
    this.submitted.push(statement);
    this.onSubmit?.(statement);
    done(this.refuse);
  }
  burn(_key: Uint8Array, _untilMs: number, done: (fresh: boolean) => void): void {
    done(true);
  }
  revokeToken(_revocation: object, done: () => void): void {
    done();
  }
  requireCurrent(): void {}
  tokenRevoked(): boolean {
    return false;
  }
  instances(limit: number, _after: unknown, done: (found: InstanceSummary[]) => void): void {
    done(this.summaries.slice(0, limit));
  }
  instance(id: Uint8Array): InstanceSummary | undefined {
    return this.summaries.find((one) => Buffer.compare(one.instance, id) === 0);
  }
  instanceByKid(): undefined {
    return undefined;
  }
  instancesOf(spiffeId: string, _limit: number, done: (found: InstanceSummary[]) => void): void {
    done(this.summaries.filter((one) => one.spiffeId === spiffeId));
  }
  enrollment(): undefined {
    return undefined;
  }
  history(): [] {
    return [];
  }
  evidence(): undefined {
    return undefined;
  }
  equivocations(): [] {
    return [];
  }
  workload(spiffeId: string): Workload | undefined {
    return this.known.find((one) => one.spiffeId === spiffeId);
  }
  workloads(limit: number, after: string | undefined, done: (found: Workload[]) => void): void {
    done(this.known.filter(({ spiffeId }) => after === undefined || spiffeId > after).slice(0, limit));
  }
  resource(): undefined {
    return undefined;
  }
  resources(_limit: number, _after: unknown, done: (found: []) => void): void {
    done([]);
  }
  endpoint(oracle: number): Endpoint | undefined {
    return this.endpoints.get(oracle);
  }
  endpointStatement(oracle: number): SignedStatement | undefined {
    return this.submitted.find(
      ({ statement: { payload } }) => payload.kind === "endpoint" && payload.oracle === oracle,
    );
  }
  fence(_reason: string, done: () => void): void {
    this.fenced = true;
    done();
  }
  ready(): ReturnType<OracleNode["ready"]> {
    return this.reasons;
  }
  metrics(): Record<string, number> {
    return { votes_total: 3, nonce_slots: 2 };
  }
}
