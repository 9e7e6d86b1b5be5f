import { taggedHash } from "../../src/encoding/index.ts";
import { portableGroup } from "../../src/group/index.ts";
import type { Join } from "../../src/registry/join.ts";
import {
  NO_PREVIOUS,
  type OperatorRole,
  type Roster,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
} from "../../src/registry/roster.ts";
import {
  type SignedStatement,
  type Statement,
  type StatementPayload,
  statementInput,
  type Workload,
} from "../../src/registry/statement.ts";
import {
  type Delegation,
  delegationInput,
  type SignedTicket,
  type Ticket,
  ticketInput,
} from "../../src/registry/ticket.ts";

export const group = portableGroup;
export const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

/** A key pair from a name; every run has the same ones. */
export function keyOf(name: string): { readonly seed: Uint8Array; readonly publicKey: Uint8Array } {
  const seed = taggedHash("ipse/v1/test-seed", new TextEncoder().encode(name));
  return { seed, publicKey: group.ed25519.publicKey(seed) };
}

export const sign = (name: string, input: Uint8Array) => group.ed25519.sign(keyOf(name).seed, input);

function operator(name: string, roles: readonly OperatorRole[], times: object = {}) {
  const { publicKey } = keyOf(name);
  return { name, publicKey, roles, notBeforeMs: NOW - HOUR, notAfterMs: NOW + HOUR, ...times };
}

export const roster: Roster = {
  version: 1,
  trustDomain: "test.ipse",
  issuer: "https://id.test.ipse",
  serial: 1,
  previous: NO_PREVIOUS,
  operators: [
    operator("alice", ["mint", "contain"]),
    operator("bob", ["mint"]),
    operator("carol", ["contain"]),
    operator("retired", ["mint"], { notAfterMs: NOW - HOUR / 2 }),
    operator("coming", ["mint"], { notBeforeMs: NOW + HOUR / 2 }),
  ],
  mintThreshold: 2,
  oracles: [1, 2, 3, 4].map((id) => ({ id, voteKey: keyOf(`oracle-${id}`).publicKey })),
  quorum: 3,
  byzantineMax: 1,
};

export function signRoster(value: Roster, ...names: string[]): SignedRoster {
  const signatures = names.map((name) => ({
    publicKey: keyOf(name).publicKey,
    signature: sign(name, rosterSigningInput(value)),
  }));
  return { roster: value, signatures };
}

export const ticket: Ticket = {
  version: 1,
  rosterHash: rosterHash(roster),
  id: new Uint8Array(16).fill(7),
  spiffeId: "spiffe://test.ipse/prod/api",
  ticketKey: keyOf("ticket").publicKey,
  uses: 1,
  issuedAtMs: NOW - 1000,
  expiresAtMs: NOW + 600_000,
};

export function operatorTicket(by = "alice", changes: Partial<Ticket> = {}): SignedTicket {
  const value = { ...ticket, ...changes };
  return {
    ticket: value,
    delegation: undefined,
    signer: keyOf(by).publicKey,
    signature: sign(by, ticketInput(value)),
  };
}

export const delegation: Delegation = {
  version: 1,
  rosterHash: rosterHash(roster),
  name: "ci",
  deployerKey: keyOf("deployer").publicKey,
  spiffePrefix: "spiffe://test.ipse/prod",
  notAfterMs: NOW + HOUR,
};

export function deployerTicket(
  changes: Partial<Delegation> = {},
  of: Partial<Ticket> = {},
  by = "alice",
  signer = "deployer",
): SignedTicket {
  const value = { ...delegation, ...changes };
  return {
    ...operatorTicket(signer, of),
    delegation: {
      delegation: value,
      operator: keyOf(by).publicKey,
      signature: sign(by, delegationInput(value)),
    },
  };
}

export const join: Join = {
  version: 1,
  seed: keyOf("ticket").seed,
  signedTicket: operatorTicket(),
  rosterHash: rosterHash(roster),
  bootstrap: [1, 2].map((oracle) => ({
    oracle,
    sessionUrl: `wss://o${oracle}.test/v1/session`,
    tlsPin: new Uint8Array(32).fill(oracle),
  })),
  heartbeatMs: 10_000,
};

export const workload: Workload & { readonly kind: "workload" } = {
  kind: "workload",
  spiffeId: "spiffe://test.ipse/prod/api",
  deleted: false,
  resources: ["https://orders.test/", "https://billing.test/v2"],
  scopes: ["orders:read", "orders:write"],
  ttlSeconds: 300,
  onStale: "quarantine",
  allowRaw: false,
};

export const instance = new Uint8Array(32).fill(9);
export const onInstance = (
  action: "quarantine" | "release" | "revoke",
  release = 0,
  reason = "",
): StatementPayload => ({ kind: "instance", instance, action, release, reason });

export function signStatement(
  payload: StatementPayload,
  names: readonly string[] = ["alice", "bob"],
  changes: Partial<Statement> = {},
): SignedStatement {
  const statement: Statement = {
    version: 1,
    rosterHash: rosterHash(roster),
    serial: 1,
    issuedAtMs: NOW,
    payload,
    ...changes,
  };
  const signatures = names.map((name) => ({
    publicKey: keyOf(name).publicKey,
    signature: sign(name, statementInput(statement)),
  }));
  return { statement, signatures };
}

/** The code of what a function throws; "accepted" when it does not. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "accepted";
}
