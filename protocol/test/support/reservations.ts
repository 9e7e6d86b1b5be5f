import { encode } from "../../src/encoding/index.ts";
import type { SignedTicket } from "../../src/registry/ticket.ts";
import {
  type OracleMessage,
  oracleMessage,
  type ReserveRequest,
  reserveInput,
} from "../../src/wire/session.ts";
import { keyOf, operatorTicket, sign } from "../registry/fixture.ts";
import { PoolCluster } from "./pool-cluster.ts";

export type Reserved = Extract<OracleMessage, { kind: "reserved" }>;

/** Filled pools of four oracles that know the fixture's workload. */
export function filledPools(target: number): PoolCluster {
  const cluster = new PoolCluster(4, target);
  for (const { id } of cluster.members) cluster.register(id);
  return cluster.start().run(5_000);
}

export function requestOf(
  ticket: SignedTicket = operatorTicket("alice", { uses: 8 }),
  use = 1,
  device = "device",
): ReserveRequest {
  return { version: 1, ticket, use, evidenceKey: keyOf(device).publicKey };
}

/** What an oracle answers once its writes are durable. */
export function reserve(
  cluster: PoolCluster,
  oracle: number,
  request: ReserveRequest,
  signature: Uint8Array = sign("ticket", reserveInput(request)),
): OracleMessage {
  const { pool, store } = cluster.member(oracle);
  const answers: OracleMessage[] = [];
  pool.reserve(request, signature, (message) => answers.push(message));
  store.flushAll();
  const [answer] = answers;
  if (answer === undefined || answers.length !== 1) throw new Error(`${answers.length} answers`);
  return answer;
}

export const bytesOf = (message: OracleMessage): Uint8Array => encode(oracleMessage, message);

export const outcomeOf = (message: OracleMessage): string =>
  message.kind === "refused" ? message.code : message.kind;
