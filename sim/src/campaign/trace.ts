import { toHex } from "@ipse/protocol";
import type { OracleMessage } from "@ipse/protocol/wire";
import type { AgentPacket, Observer, World } from "../world/index.ts";

/** One line of a run: when, who, what. */
export interface TraceEvent {
  readonly atMs: number;
  readonly who: string;
  readonly kind: "sent" | "said" | "durable" | "event" | "world" | "result";
  readonly text: string;
  readonly to?: string;
}

function short(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, 4));
}

function sentText({ message }: AgentPacket): string {
  switch (message.kind) {
    case "step": {
      const { header } = message.signed;
      return `STEP ${header.seq} ${header.kind} v${header.shareVersion}`;
    }
    case "commit":
      return `COMMIT ${message.commit.seq}`;
    case "cert":
      return `CERT ${message.certified.signed.header.seq}`;
    default:
      return message.kind.toUpperCase();
  }
}

function saidText(message: OracleMessage): string {
  switch (message.kind) {
    case "ordered":
      if (message.vote === undefined) return message.qc === undefined ? "ordered" : `QC ${message.qc.seq}`;
      return `VOTE ${message.vote.vote.seq}${message.vote.vote.shareOk ? "" : " without share"} ${short(message.vote.vote.headerHash)}`;
    case "shares":
      return `SHARES ${message.seq} ${message.results.map(({ kind }) => kind).join(",")}`;
    case "refused":
      return `refused ${message.code}`;
    case "status":
      return `STATUS ${message.answer.status} head ${message.answer.head?.signed.header.seq ?? "none"}`;
    default:
      return message.kind;
  }
}

type Traced =
  | "agentSent"
  | "oracleSaid"
  | "recordDurable"
  | "stateDurable"
  | "result"
  | "oracleEvent"
  | "agentEvent"
  | "happened";

/** Writes one line per transition. Observing changes nothing: a traced run is the same run. */
export class Tracer implements Required<Pick<Observer, Traced>> {
  readonly events: TraceEvent[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  #add(who: string, kind: TraceEvent["kind"], text: string, to?: string): void {
    this.events.push({ atMs: this.#world.now, who, kind, text, ...(to === undefined ? {} : { to }) });
  }

  agentSent: Required<Observer>["agentSent"] = (agent, oracle, packet) =>
    this.#add(agent.name, "sent", sentText(packet), oracle.name);

  oracleSaid: Required<Observer>["oracleSaid"] = (oracle, packet, message) =>
    this.#add(oracle.name, "said", saidText(message), packet.agent);

  recordDurable: Required<Observer>["recordDurable"] = (oracle, record) => {
    const shares = record.shares.map(({ version }) => version).join(",");
    const vote = record.vote?.signed.header.seq;
    this.#add(
      oracle.name,
      "durable",
      `${record.status} head ${record.head?.signed.header.seq ?? "none"}${vote === undefined ? "" : ` vote ${vote}`} shares ${shares}`,
    );
  };

  stateDurable: Required<Observer>["stateDurable"] = (agent) => {
    const phase = agent.state?.phase;
    const text =
      phase?.kind === "live"
        ? `head ${phase.head.signed.header.seq} v${phase.head.signed.header.shareVersion}${phase.pending === undefined ? "" : ` pending ${phase.pending.signed.header.seq}`}`
        : (phase?.kind ?? "gone");
    this.#add(agent.name, "durable", text);
  };

  result: Required<Observer>["result"] = (agent, submission, outcome) =>
    this.#add(
      agent.name,
      "result",
      `${submission.text}: ${outcome.ok ? `signed at ${outcome.seq}` : outcome.code}`,
    );

  oracleEvent: Required<Observer>["oracleEvent"] = (oracle, event) =>
    this.#add(oracle.name, "event", event.event);
  agentEvent: Required<Observer>["agentEvent"] = (agent, event) =>
    this.#add(agent.name, "event", event.event);
  happened: Required<Observer>["happened"] = (what, who) =>
    this.#add(who === "" ? "world" : who, "world", what);

  lines(): string[] {
    return this.events.map(
      ({ atMs, who, kind, text, to }) =>
        `${atMs.toFixed(3).padStart(11)}  ${who.padEnd(8)} ${kind.padEnd(8)}${to === undefined ? "" : `-> ${to.padEnd(7)} `}${text}`,
    );
  }
}
