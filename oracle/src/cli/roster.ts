import { existsSync } from "node:fs";
import { basename } from "node:path";
import { IpseError, toBase64Url, toHex } from "@ipse/protocol";
import { type Group, loadGroup } from "@ipse/protocol/group";
import {
  type Roster,
  rosterHash,
  rosterToJson,
  verifyRoster,
  verifyStatement,
} from "@ipse/protocol/registry";
import type { Command } from "commander";
import {
  newSigningKey,
  readSigningKey,
  type SigningKey,
  writeSecretFile,
  writeSigningKey,
} from "../keys/index.ts";
import { readRosterFile, signStatement } from "../operator/index.ts";
import {
  addSignatures,
  parseOperator,
  planRoster,
  type RosterWithEndpoints,
  readPublicHalf,
  signAll,
} from "../setup/index.ts";
import { print, table, warn } from "./output.ts";
import { type CommonOptions, each, group, integer, verb } from "./verb.ts";

interface CreateOptions extends CommonOptions {
  readonly trustDomain: string;
  readonly issuer: string;
  readonly public: readonly string[];
  readonly operator?: readonly string[];
  readonly operatorKey: readonly string[];
  readonly mintThreshold: number;
  readonly quorum?: number;
  readonly byzantineMax?: number;
  readonly validDays: number;
  readonly previous?: string;
  readonly out: string;
}
interface SignOptions extends CommonOptions {
  readonly operatorKey: readonly string[];
  readonly public?: readonly string[];
}

/** Reads an operator's key; a file that is not there is made. */
function operatorKey(curve: Group, file: string): SigningKey {
  if (existsSync(file)) return readSigningKey(curve, file);
  const key = newSigningKey(curve);
  writeSigningKey(file, key);
  process.stderr.write(`made a new operator key: ${file}\n`);
  return key;
}

function warnAbout(roster: Roster): void {
  if (roster.mintThreshold === 1) warn("m = 1: one operator's key alone can create identities");
  if (roster.byzantineMax === 0) warn("b = 0: crash faults only, no dishonest oracle is survived");
}

function missingSignatures(
  curve: Group,
  { signed, endpoints }: RosterWithEndpoints,
  previous?: Roster,
): string | undefined {
  try {
    if (previous !== undefined || signed.roster.previous.every((byte) => byte === 0))
      verifyRoster(curve, signed, previous);
    for (const one of endpoints) verifyStatement(curve, signed.roster, one);
    return undefined;
  } catch (error) {
    if (error instanceof IpseError) return error.message;
    throw error;
  }
}

function summary(file: RosterWithEndpoints, problem: string | undefined): Record<string, unknown> {
  const { roster, signatures } = file.signed;
  return {
    hash: toBase64Url(rosterHash(roster)),
    trust_domain: roster.trustDomain,
    issuer: roster.issuer,
    serial: roster.serial,
    n: roster.oracles.length,
    q: roster.quorum,
    b: roster.byzantineMax,
    m: roster.mintThreshold,
    operators: roster.operators.map(({ name, roles }) => ({ name, roles })),
    signed_by: signatures.length,
    endpoints: file.endpoints.length,
    valid: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
  };
}

function summaryText(value: Record<string, unknown>): string {
  const rows = Object.entries(value).map(([key, one]) => [
    key,
    typeof one === "object" ? JSON.stringify(one) : String(one),
  ]);
  return table(["FIELD", "VALUE"], rows);
}

async function create(_args: readonly string[], options: CreateOptions): Promise<undefined> {
  const { group: curve } = await loadGroup();
  const keys = options.operatorKey.map((file) => operatorKey(curve, file));
  const named = (options.operator ?? []).map(parseOperator);
  const signers = keys.map((key, i) => ({
    name: basename(options.operatorKey[i] ?? "", ".jwk"),
    publicKey: key.publicKey,
    roles: ["mint", "contain"] as const,
  }));
  const extra = signers.filter(
    ({ publicKey }) => !named.some((one) => toHex(one.publicKey) === toHex(publicKey)),
  );
  const halves = options.public.map(readPublicHalf);
  const previous =
    options.previous === undefined ? undefined : readRosterFile(options.previous).roster.roster;
  const { trustDomain, issuer, mintThreshold, quorum, byzantineMax, validDays } = options;
  const plan = {
    trustDomain,
    issuer,
    mintThreshold,
    quorum,
    byzantineMax,
    validDays,
    previous,
    halves,
    operators: [...named, ...extra],
  };
  const roster = planRoster(plan, Date.now());
  const file = signAll(curve, roster, halves, keys, Date.now());
  writeSecretFile(options.out, rosterToJson(file.signed, file.endpoints));
  warnAbout(roster);
  const value = { file: options.out, ...summary(file, missingSignatures(curve, file, previous)) };
  print(options.json ?? false, value, summaryText(value));
  return undefined;
}

async function show(args: readonly string[], options: CommonOptions): Promise<undefined> {
  const { group: curve } = await loadGroup();
  const { roster: signed, endpoints } = readRosterFile(args[0] ?? "");
  const file = { signed, endpoints };
  warnAbout(signed.roster);
  const value = summary(file, missingSignatures(curve, file));
  const detail = signed.roster.oracles.map(({ id, voteKey }) => ({ id, vote_key: toBase64Url(voteKey) }));
  print(options.json ?? false, { ...value, oracles: detail }, summaryText(value));
  return undefined;
}

async function sign(args: readonly string[], options: SignOptions): Promise<undefined> {
  const [path = ""] = args;
  const { group: curve } = await loadGroup();
  const keys = options.operatorKey.map((file) => readSigningKey(curve, file));
  const { roster: signed, endpoints } = readRosterFile(path);
  const { roster } = signed;
  const unknown = keys.some(
    (key) => !roster.operators.some((one) => toHex(one.publicKey) === toHex(key.publicKey)),
  );
  if (unknown) throw new IpseError("ERR_USAGE", "a key is of nobody whom the roster lists as an operator");
  const moved = (options.public ?? []).map((file) => readPublicHalf(file).endpoint);
  const kept = endpoints.filter(
    ({ statement: { payload } }) =>
      !moved.some((one) => payload.kind === "endpoint" && one.oracle === payload.oracle),
  );
  const fresh = moved.map((one) =>
    signStatement(curve, roster, [], { kind: "endpoint", ...one }, Date.now()),
  );
  const file = addSignatures(curve, { signed, endpoints: [...kept, ...fresh] }, keys);
  writeSecretFile(path, rosterToJson(file.signed, file.endpoints), true);
  const value = { file: path, ...summary(file, missingSignatures(curve, file)) };
  print(options.json ?? false, value, summaryText(value));
  return undefined;
}

export function rosterVerbs(program: Command): void {
  const roster = group(program, "roster", "make, look at and sign rosters");
  const creating = (command: Command): Command =>
    command
      .requiredOption("--trust-domain <name>", "the SPIFFE trust domain")
      .requiredOption("--issuer <url>", "the OAuth issuer of the cluster")
      .requiredOption(
        "--public <file>",
        "an oracle's public half, from init; repeat it for each oracle",
        each,
      )
      .requiredOption(
        "--operator-key <file>",
        "an operator's private JWK, made if it is not there; it signs; repeat it",
        each,
      )
      .option("--operator <name:key[:roles]>", "an operator who does not sign here; repeat it", each)
      .option("--mint-threshold <m>", "operators who must sign what can create identities", integer(1, 16), 1)
      .option("--quorum <q>", "votes and shares needed (default: by the number of oracles)", integer(2, 16))
      .option(
        "--byzantine-max <b>",
        "dishonest oracles survived (default: by the number of oracles)",
        integer(0, 16),
      )
      .option("--valid-days <days>", "how long the operators may sign", integer(1, 36_500), 3650)
      .option("--previous <file>", "the roster this one follows")
      .option("--out <file>", "where to write it; an existing file stays", "roster.json");
  verb<CreateOptions>(
    roster,
    "create",
    "make a roster of oracles' public halves, signed by operators",
    creating,
    create,
  );
  verb<CommonOptions>(
    roster,
    "show <file>",
    "what a roster says, and whether it is signed well",
    (command) => command,
    show,
  );
  const signing = (command: Command): Command =>
    command
      .requiredOption("--operator-key <file>", "an operator's private JWK; repeat it", each)
      .option("--public <file>", "an oracle's new public half: sign its new endpoint; repeat it", each);
  verb<SignOptions>(
    roster,
    "sign <file>",
    "add operators' signatures to a roster and its endpoints",
    signing,
    sign,
  );
}
