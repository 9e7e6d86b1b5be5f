import { existsSync } from "node:fs";
import { dirname, join as joinPath } from "node:path";
import { IpseError, TICKET_USES_MAX, trustDomainOf, zeroize } from "@ipse/protocol";
import {
  type Delegation,
  delegationInput,
  encodeJoinUri,
  rosterHash,
  type SignedDelegation,
  type Ticket,
  ticketInput,
} from "@ipse/protocol/registry";
import { newSigningKey, readSigningKey, type SigningKey, writeSigningKey } from "../keys/index.ts";
import { systemEntropy } from "../ports/system.ts";
import { type Cluster, reachable } from "./cluster.ts";

export interface TicketOptions {
  readonly spiffeId: string;
  readonly ttlSeconds: number;
  readonly uses: number;
  /** Sign with this deployer's key, kept beside the operator's, instead of the operator's own. */
  readonly deployer: string | undefined;
}

export interface MadeTicket {
  /** SECRET until the ticket is used up: it carries the ticket's seed. */
  readonly joinUri: string;
  readonly ticketId: Uint8Array;
  readonly expiresAtMs: number;
}

const DELEGATION_MS = 90 * 24 * 60 * 60 * 1000;

function deployerKey(cluster: Cluster, name: string): SigningKey {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name) || name.startsWith("."))
    throw new IpseError("ERR_USAGE", "a deployer's name has 1 to 64 letters, digits, dots, dashes");
  const path = joinPath(dirname(cluster.operatorKeyFile), `deployer-${name}.jwk`);
  if (existsSync(path)) return readSigningKey(cluster.group, path);
  const key = newSigningKey(cluster.group);
  writeSigningKey(path, key);
  return key;
}

/** The operator's word that this deployer may sign tickets for exactly this SPIFFE ID and what lies below it. */
function delegate(
  cluster: Cluster,
  name: string,
  key: SigningKey,
  spiffeId: string,
  nowMs: number,
): SignedDelegation {
  const delegation: Delegation = {
    version: 1,
    rosterHash: rosterHash(cluster.roster),
    name,
    deployerKey: key.publicKey,
    spiffePrefix: spiffeId,
    notAfterMs: nowMs + DELEGATION_MS,
  };
  const [{ seed, publicKey }] = cluster.operators;
  const signature = cluster.group.ed25519.sign(seed, delegationInput(delegation));
  return { delegation, operator: publicKey, signature };
}

/** Makes a ticket with a fresh random seed, and the join URI that carries both. */
export function makeTicket(cluster: Cluster, options: TicketOptions, nowMs: number): MadeTicket {
  const { group, roster, operators } = cluster;
  const { spiffeId, uses, ttlSeconds, deployer } = options;
  if (trustDomainOf(spiffeId) !== roster.trustDomain)
    throw new IpseError("ERR_USAGE", `the trust domain of this cluster is ${roster.trustDomain}`);
  if (uses > TICKET_USES_MAX) throw new IpseError("ERR_USAGE", `at most ${TICKET_USES_MAX} uses`);
  const seed = systemEntropy.random(32);
  const ticket: Ticket = {
    version: 1,
    rosterHash: rosterHash(roster),
    id: systemEntropy.random(16),
    spiffeId,
    ticketKey: group.ed25519.publicKey(seed),
    uses,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + ttlSeconds * 1000,
  };
  const signer = deployer === undefined ? operators[0] : deployerKey(cluster, deployer);
  const delegation =
    deployer === undefined ? undefined : delegate(cluster, deployer, signer, spiffeId, nowMs);
  const signature = group.ed25519.sign(signer.seed, ticketInput(ticket));
  const joinUri = encodeJoinUri({
    version: 1,
    seed,
    signedTicket: { ticket, delegation, signer: signer.publicKey, signature },
    rosterHash: ticket.rosterHash,
    bootstrap: reachable(cluster).map(({ oracle, sessionUrl, tlsPin }) => ({ oracle, sessionUrl, tlsPin })),
    heartbeatMs: cluster.heartbeatMs,
  });
  zeroize(seed);
  return { joinUri, ticketId: ticket.id, expiresAtMs: ticket.expiresAtMs };
}
