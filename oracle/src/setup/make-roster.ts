import { equalBytes, IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import {
  checkRoster,
  NO_PREVIOUS,
  type OperatorEntry,
  type Roster,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
  type SignedStatement,
  statementInput,
} from "@ipse/protocol/registry";
import type { SigningKey } from "../keys/index.ts";
import { signRoster, signStatement } from "../operator/sign.ts";
import type { PublicHalf } from "./public-half.ts";

export interface RosterPlan {
  readonly trustDomain: string;
  readonly issuer: string;
  readonly operators: readonly Pick<OperatorEntry, "name" | "publicKey" | "roles">[];
  readonly mintThreshold: number;
  readonly halves: readonly PublicHalf[];
  readonly quorum: number | undefined;
  readonly byzantineMax: number | undefined;
  readonly validDays: number;
  readonly previous: Roster | undefined;
}

/** (n, q, b) of the sizes that are recommended. */
const PRESETS: Readonly<Record<number, readonly [quorum: number, byzantineMax: number]>> = {
  3: [2, 0],
  4: [3, 1],
  7: [5, 2],
  10: [7, 3],
};

export interface RosterWithEndpoints {
  readonly signed: SignedRoster;
  readonly endpoints: readonly SignedStatement[];
}

/** The roster of a plan, unsigned. Throws ERR_ROSTER_INVALID naming the rule, ERR_USAGE where sizes need to be given. */
export function planRoster(plan: RosterPlan, nowMs: number): Roster {
  const halves = [...plan.halves].sort((a, b) => a.endpoint.oracle - b.endpoint.oracle);
  const preset = PRESETS[halves.length];
  const quorum = plan.quorum ?? preset?.[0];
  const byzantineMax = plan.byzantineMax ?? preset?.[1];
  if (quorum === undefined || byzantineMax === undefined)
    throw new IpseError(
      "ERR_USAGE",
      `${halves.length} oracles need --quorum and --byzantine-max (2q - n > b, q <= n - b)`,
    );
  const previous = plan.previous;
  const roster: Roster = {
    version: 1,
    trustDomain: plan.trustDomain,
    issuer: plan.issuer,
    serial: previous === undefined ? 1 : previous.serial + 1,
    previous: previous === undefined ? NO_PREVIOUS : rosterHash(previous),
    operators: plan.operators.map(({ name, publicKey, roles }) => ({
      name,
      publicKey,
      roles,
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + plan.validDays * 24 * 60 * 60 * 1000,
    })),
    mintThreshold: plan.mintThreshold,
    oracles: halves.map(({ voteKey, endpoint }) => ({ id: endpoint.oracle, voteKey })),
    quorum,
    byzantineMax,
  };
  checkRoster(roster);
  return roster;
}

/** Signs a roster and the endpoints of its oracles. */
export function signAll(
  group: Group,
  roster: Roster,
  halves: readonly PublicHalf[],
  keys: readonly SigningKey[],
  nowMs: number,
): RosterWithEndpoints {
  const endpoints = halves.map(({ endpoint }) =>
    signStatement(group, roster, keys, { kind: "endpoint", ...endpoint }, nowMs),
  );
  return { signed: signRoster(group, roster, keys), endpoints };
}

type Signatures = SignedRoster["signatures"];

function withSignature(group: Group, signatures: Signatures, input: Uint8Array, key: SigningKey): Signatures {
  const others = signatures.filter(({ publicKey }) => !equalBytes(publicKey, key.publicKey));
  return [...others, { publicKey: key.publicKey, signature: group.ed25519.sign(key.seed, input) }];
}

/** Adds operators' signatures to a roster and its endpoints; what they signed before is signed again. */
export function addSignatures(
  group: Group,
  file: RosterWithEndpoints,
  keys: readonly SigningKey[],
): RosterWithEndpoints {
  let { signatures } = file.signed;
  let endpoints = file.endpoints;
  for (const key of keys) {
    signatures = withSignature(group, signatures, rosterSigningInput(file.signed.roster), key);
    endpoints = endpoints.map((one) => ({
      ...one,
      signatures: withSignature(group, one.signatures, statementInput(one.statement), key),
    }));
  }
  return { signed: { roster: file.signed.roster, signatures }, endpoints };
}
