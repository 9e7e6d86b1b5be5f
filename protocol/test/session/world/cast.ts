import {
  NO_PREVIOUS,
  type Roster,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
} from "../../../src/registry/roster.ts";
import {
  type SignedStatement,
  type Statement,
  type StatementPayload,
  statementInput,
} from "../../../src/registry/statement.ts";
import { type SignedTicket, type Ticket, ticketInput } from "../../../src/registry/ticket.ts";
import { anyGroup, seededRandom } from "../../group/backends.ts";

export const group = anyGroup;
export const SPIFFE_ID = "spiffe://test.ipse/batch/worker";
export const START_MS = 1_800_000_000_000;

/** A cluster's people and keys, made once per topology. */
export interface Cast {
  readonly roster: Roster;
  readonly signedRoster: SignedRoster;
  readonly operatorSeed: Uint8Array;
  readonly voteSeeds: readonly Uint8Array[];
}

const casts = new Map<string, Cast>();

/** The cast of an (n, q, b) cluster. */
export function castOf(n: number, q: number, b: number): Cast {
  const key = `${n}/${q}/${b}`;
  const known = casts.get(key);
  if (known !== undefined) return known;
  const random = seededRandom(`cast/${key}`);
  const operatorSeed = random(32);
  const voteSeeds = Array.from({ length: n }, () => random(32));
  const roster: Roster = {
    version: 1,
    trustDomain: "test.ipse",
    issuer: "http://issuer.test",
    serial: 1,
    previous: NO_PREVIOUS,
    operators: [
      {
        name: "op",
        publicKey: group.ed25519.publicKey(operatorSeed),
        roles: ["mint", "contain"],
        notBeforeMs: 0,
        notAfterMs: START_MS * 2,
      },
    ],
    mintThreshold: 1,
    oracles: voteSeeds.map((seed, i) => ({ id: i + 1, voteKey: group.ed25519.publicKey(seed) })),
    quorum: q,
    byzantineMax: b,
  };
  const signature = group.ed25519.sign(operatorSeed, rosterSigningInput(roster));
  const signedRoster = {
    roster,
    signatures: [{ publicKey: group.ed25519.publicKey(operatorSeed), signature }],
  };
  const cast = { roster, signedRoster, operatorSeed, voteSeeds };
  casts.set(key, cast);
  return cast;
}

export function statementOf(
  cast: Cast,
  payload: StatementPayload,
  serial: number,
  issuedAtMs = START_MS,
): SignedStatement {
  const statement: Statement = {
    version: 1,
    rosterHash: rosterHash(cast.roster),
    serial,
    issuedAtMs,
    payload,
  };
  const signature = group.ed25519.sign(cast.operatorSeed, statementInput(statement));
  return { statement, signatures: [{ publicKey: group.ed25519.publicKey(cast.operatorSeed), signature }] };
}

export function workloadStatement(cast: Cast): SignedStatement {
  const payload: StatementPayload = {
    kind: "workload",
    spiffeId: SPIFFE_ID,
    deleted: false,
    resources: [],
    scopes: [],
    ttlSeconds: 300,
    onStale: "quarantine",
    allowRaw: true,
  };
  return statementOf(cast, payload, 1);
}

export function ticketOf(cast: Cast, name: string, uses = 1): { seed: Uint8Array; signed: SignedTicket } {
  const random = seededRandom(`ticket/${name}`);
  const seed = random(32);
  const ticket: Ticket = {
    version: 1,
    rosterHash: rosterHash(cast.roster),
    id: random(16),
    spiffeId: SPIFFE_ID,
    ticketKey: group.ed25519.publicKey(seed),
    uses,
    issuedAtMs: START_MS,
    expiresAtMs: START_MS + 3_600_000,
  };
  const signer = group.ed25519.publicKey(cast.operatorSeed);
  return {
    seed,
    signed: {
      ticket,
      delegation: undefined,
      signer,
      signature: group.ed25519.sign(cast.operatorSeed, ticketInput(ticket)),
    },
  };
}
