import { utf8 } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import {
  NO_PREVIOUS,
  type Roster,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
  type SignedStatement,
  type SignedTicket,
  type StatementPayload,
  statementInput,
  ticketInput,
} from "@ipse/protocol/registry";
import { EPOCH_MS, type Prng } from "../core/index.ts";
import { useHashesOf } from "../crypto/hashes.ts";
import type { Topology } from "./topology.ts";

export const SPIFFE_ID = "spiffe://sim.ipse/app";
export const ISSUER = "https://issuer.sim.ipse";
/** What the workload may ask tokens for. */
export const RESOURCES = ["https://api.sim.ipse", "https://billing.sim.ipse"] as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** The people and keys of one trust domain. The simulator knows every secret; the machines do not. */
export interface Cluster {
  readonly group: Group;
  readonly topology: Topology;
  readonly rosters: readonly SignedRoster[];
  /** The newest roster. */
  readonly roster: Roster;
  readonly rosterHash: Uint8Array;
  readonly voteSeeds: readonly Uint8Array[];
  readonly operatorSeed: Uint8Array;
}

function signRoster(group: Group, operatorSeed: Uint8Array, roster: Roster): SignedRoster {
  const publicKey = group.ed25519.publicKey(operatorSeed);
  return {
    roster,
    signatures: [{ publicKey, signature: group.ed25519.sign(operatorSeed, rosterSigningInput(roster)) }],
  };
}

export function makeCluster(group: Group, prng: Prng, topology: Topology): Cluster {
  useHashesOf(group);
  const operatorSeed = prng.bytes(32);
  const voteSeeds = Array.from({ length: topology.oracles }, () => prng.bytes(32));
  const roster: Roster = {
    version: 1,
    trustDomain: "sim.ipse",
    issuer: ISSUER,
    serial: 1,
    previous: NO_PREVIOUS,
    operators: [
      {
        name: "operator",
        publicKey: group.ed25519.publicKey(operatorSeed),
        roles: ["mint", "contain"],
        notBeforeMs: EPOCH_MS - YEAR_MS,
        notAfterMs: EPOCH_MS + YEAR_MS,
      },
    ],
    mintThreshold: 1,
    oracles: voteSeeds.map((seed, i) => ({ id: i + 1, voteKey: group.ed25519.publicKey(seed) })),
    quorum: topology.quorum,
    byzantineMax: topology.byzantine,
  };
  const rosters = [signRoster(group, operatorSeed, roster)];
  return { group, topology, rosters, roster, rosterHash: rosterHash(roster), voteSeeds, operatorSeed };
}

/** The next roster of the chain: same oracles and keys, one serial on. */
export function nextRoster(cluster: Cluster): Cluster {
  const roster: Roster = {
    ...cluster.roster,
    serial: cluster.roster.serial + 1,
    previous: cluster.rosterHash,
    issuer: `${ISSUER}/${cluster.roster.serial + 1}`,
  };
  const rosters = [...cluster.rosters, signRoster(cluster.group, cluster.operatorSeed, roster)];
  return { ...cluster, rosters, roster, rosterHash: rosterHash(roster) };
}

/** An operator's signed statement. */
export function statementOf(cluster: Cluster, payload: StatementPayload, serial: number): SignedStatement {
  const statement = {
    version: 1 as const,
    rosterHash: cluster.rosterHash,
    serial,
    issuedAtMs: EPOCH_MS,
    payload,
  };
  const publicKey = cluster.group.ed25519.publicKey(cluster.operatorSeed);
  const signature = cluster.group.ed25519.sign(cluster.operatorSeed, statementInput(statement));
  return { statement, signatures: [{ publicKey, signature }] };
}

export function workloadStatement(
  cluster: Cluster,
  onStale: "quarantine" | "revoke" = "quarantine",
): SignedStatement {
  return statementOf(
    cluster,
    {
      kind: "workload",
      spiffeId: SPIFFE_ID,
      deleted: false,
      resources: RESOURCES,
      scopes: ["read", "write"],
      ttlSeconds: 300,
      onStale,
      allowRaw: true,
    },
    1,
  );
}

export interface TicketWithSeed {
  readonly ticket: SignedTicket;
  readonly ticketSeed: Uint8Array;
}

/** A ticket by the operator, and the secret seed that travels in its join URI. */
export function makeTicket(cluster: Cluster, prng: Prng, uses = 1, ttlMs = 3_600_000): TicketWithSeed {
  const { ed25519 } = cluster.group;
  const ticketSeed = prng.bytes(32);
  const ticket = {
    version: 1 as const,
    rosterHash: cluster.rosterHash,
    id: prng.bytes(16),
    spiffeId: SPIFFE_ID,
    ticketKey: ed25519.publicKey(ticketSeed),
    uses,
    issuedAtMs: EPOCH_MS - 1000,
    expiresAtMs: EPOCH_MS + ttlMs,
  };
  const signature = ed25519.sign(cluster.operatorSeed, ticketInput(ticket));
  const signer = ed25519.publicKey(cluster.operatorSeed);
  return { ticket: { ticket, delegation: undefined, signer, signature }, ticketSeed };
}

/** A raw message as the scenarios sign them. */
export function rawMessage(text: string): { readonly type: "raw"; readonly payload: Uint8Array } {
  return { type: "raw", payload: utf8(text) };
}
