import type { HostEvent } from "@ipse/protocol/host";
import type { records } from "@ipse/protocol/session/oracle";
import type { SubmissionOutcome } from "@ipse/protocol/session/workload";
import type { OracleMessage, PeerMessage } from "@ipse/protocol/wire";
import type { AgentProcess, Submission } from "./agent-process.ts";
import type { AgentPacket } from "./network.ts";
import type { OracleProcess } from "./oracle-process.ts";

/** Everything that can be seen happening; checkers, metrics and traces implement what they need. */
export interface Observer {
  /** A message of an agent leaves it. */
  agentSent?(agent: AgentProcess, oracle: OracleProcess, packet: AgentPacket): void;
  /** A message of an agent reaches an oracle, before it is handled. */
  oracleGot?(oracle: OracleProcess, packet: AgentPacket): void;
  /** An oracle's answer leaves it. */
  oracleSaid?(oracle: OracleProcess, packet: AgentPacket, message: OracleMessage): void;
  /** A message of an oracle leaves for another one, before the network or a broken build changes it. */
  peerSent?(from: number, to: number, message: PeerMessage): void;
  /** An instance record became durable at an oracle. */
  recordDurable?(oracle: OracleProcess, record: records.InstanceRecord): void;
  /** An agent's state became durable. */
  stateDurable?(agent: AgentProcess): void;
  result?(agent: AgentProcess, submission: Submission, outcome: SubmissionOutcome): void;
  oracleEvent?(oracle: OracleProcess, event: HostEvent): void;
  agentEvent?(agent: AgentProcess, event: HostEvent): void;
  /** Something happened in the world itself: a crash, a copy, a partition. */
  happened?(what: string, who: string): void;
  /** The run is over; liveness is judged. */
  ended?(): void;
}

export interface Violation {
  readonly checker: string;
  readonly message: string;
  readonly atMs: number;
}
