import { byteKey } from "@ipse/protocol";
import type { Header } from "@ipse/protocol/session";
import { headerHash } from "@ipse/protocol/session";
import type { records } from "@ipse/protocol/session/oracle";
import type { OracleMessage } from "@ipse/protocol/wire";
import type { AgentPacket, AgentProcess, Observer, OracleProcess, World } from "../world/index.ts";

const hashes = new WeakMap<Header, string>();

/** The name of a header; remembered per object. */
export function headerKey(header: Header): string {
  let key = hashes.get(header);
  if (key === undefined) {
    key = byteKey(headerHash(header));
    hashes.set(header, key);
  }
  return key;
}

/** One header somebody proposed. */
export interface Proposal {
  readonly header: Header;
  readonly hash: string;
  /** Names of the agents that sent it, in order. */
  readonly by: string[];
  readonly sentMs: number;
  /** When a correct oracle first had it; undefined: never. */
  contactMs: number | undefined;
}

export interface Certified {
  readonly seq: number;
  readonly hash: string;
  readonly atMs: number;
}

/**
 * What has happened so far, derived once from the world's events and shared by the
 * checkers, the metrics and the report. Instances are kept apart.
 */
export class Facts implements Observer {
  readonly #world: World;
  /** Some state was copied or restored: from then on evidence may be true. */
  copied = false;
  /** An operator quarantined or revoked by hand. */
  operatorActed = false;
  /** instance -> seq -> hash -> proposal. */
  readonly proposals = new Map<string, Map<number, Map<string, Proposal>>>();
  /** instance/seq -> hash -> oracles that voted. */
  readonly votes = new Map<string, Map<string, Set<number>>>();
  /** instance/seq -> what is certified there. */
  readonly certified = new Map<string, Map<string, Certified>>();
  readonly alerts: string[] = [];
  /** First STEP that a copy sent. */
  copyFirstStepMs: number | undefined;
  /** First durable suspension or revocation at a correct oracle. */
  detectedMs: number | undefined;
  detectedAs: "HARD" | "SOFT" | undefined;
  readonly onCertified: ((instance: string, certified: Certified, first: boolean) => void)[] = [];
  readonly onContact: ((instance: string, proposal: Proposal) => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  proposalsAt(instance: string, seq: number): Map<string, Proposal> {
    let seqs = this.proposals.get(instance);
    if (seqs === undefined) {
      seqs = new Map();
      this.proposals.set(instance, seqs);
    }
    let found = seqs.get(seq);
    if (found === undefined) {
      found = new Map();
      seqs.set(seq, found);
    }
    return found;
  }

  agentSent(agent: AgentProcess, _oracle: OracleProcess, { message }: AgentPacket): void {
    if (message.kind !== "step") return;
    const { header } = message.signed;
    const hash = headerKey(header);
    const at = this.proposalsAt(byteKey(header.instance), header.seq);
    const known = at.get(hash);
    if (known === undefined)
      at.set(hash, { header, hash, by: [agent.name], sentMs: this.#world.now, contactMs: undefined });
    else if (!known.by.includes(agent.name)) known.by.push(agent.name);
    if (agent.copy) this.copyFirstStepMs ??= this.#world.now;
  }

  oracleGot(oracle: OracleProcess, { message }: AgentPacket): void {
    if (message.kind !== "step" || !oracle.correct) return;
    const { header } = message.signed;
    const instance = byteKey(header.instance);
    const proposal = this.proposalsAt(instance, header.seq).get(headerKey(header));
    if (proposal === undefined || proposal.contactMs !== undefined) return;
    proposal.contactMs = this.#world.now;
    for (const tell of this.onContact) tell(instance, proposal);
  }

  oracleSaid(_oracle: OracleProcess, _packet: AgentPacket, message: OracleMessage): void {
    if (message.kind !== "ordered" || message.vote === undefined) return;
    const { vote } = message.vote;
    const at = `${byteKey(vote.instance)}/${vote.seq}`;
    let hashesAt = this.votes.get(at);
    if (hashesAt === undefined) {
      hashesAt = new Map();
      this.votes.set(at, hashesAt);
    }
    const hash = byteKey(vote.headerHash);
    let voters = hashesAt.get(hash);
    if (voters === undefined) {
      voters = new Set();
      hashesAt.set(hash, voters);
    }
    voters.add(vote.oracle);
  }

  recordDurable(oracle: OracleProcess, record: records.InstanceRecord): void {
    const { head, status } = record;
    if (head !== undefined) this.sawCertified(record.constants.instance, head.signed.header);
    if (!oracle.correct || status === "active" || status === "ended") return;
    const hard = oracle.node?.evidence(record.constants.instance) !== undefined;
    if (!hard && this.operatorActed) return;
    this.detectedMs ??= this.#world.now;
    if (hard) this.detectedAs = "HARD";
    else this.detectedAs ??= "SOFT";
  }

  sawCertified(instanceId: Uint8Array, header: Header): void {
    const instance = byteKey(instanceId);
    const at = `${instance}/${header.seq}`;
    let found = this.certified.get(at);
    if (found === undefined) {
      found = new Map();
      this.certified.set(at, found);
    }
    const hash = headerKey(header);
    if (found.has(hash)) return;
    const certified: Certified = { seq: header.seq, hash, atMs: this.#world.now };
    const first = found.size === 0;
    found.set(hash, certified);
    for (const tell of this.onCertified) tell(instance, certified, first);
  }

  stateDurable(agent: AgentProcess): void {
    const phase = agent.state?.phase;
    if (phase?.kind === "live")
      this.sawCertified(phase.head.signed.header.instance, phase.head.signed.header);
  }

  oracleEvent(oracle: OracleProcess, event: { readonly event: string; readonly level: string }): void {
    if (event.level === "warn" && oracle.correct) this.alerts.push(event.event);
  }
}
