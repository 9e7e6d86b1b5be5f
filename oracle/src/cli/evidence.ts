import { readFileSync } from "node:fs";
import { fromBase64Url, IpseError, toBase64Url, toHex } from "@ipse/protocol";
import { decode, encode } from "@ipse/protocol/encoding";
import { loadGroup } from "@ipse/protocol/group";
import { rosterHash, verifyRoster } from "@ipse/protocol/registry";
import { type ForkEvidence, forkEvidence, headerHash, verifyEvidence } from "@ipse/protocol/session";
import type { Command } from "commander";
import { findInstance, instanceBytes, openCluster, readEvidence, readRosterFile } from "../operator/index.ts";
import { enough, type OperatorOptions, withCluster } from "./cluster-options.ts";
import { EXIT, failureOf, print, printFailure } from "./output.ts";
import { type CommonOptions, group, verb } from "./verb.ts";

const EVIDENCE_BYTES_MAX = 1024 * 1024;

async function show(args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { value } = await findInstance(cluster, enough(cluster), args[0] ?? "");
  const evidence = encode(forkEvidence, await readEvidence(cluster, instanceBytes(value)));
  if (options.json === true) {
    print(true, { instance: value.instance, bytes: evidence.length, evidence: toBase64Url(evidence) }, "");
    return undefined;
  }
  if (process.stdout.isTTY)
    throw new IpseError("ERR_USAGE", "evidence is binary: redirect it into a file, or use --json");
  await new Promise<void>((resolve) => process.stdout.write(evidence, () => resolve()));
  return undefined;
}

/** The canonical bytes, also out of what `evidence show --json` printed. */
function readEvidenceFile(path: string): Uint8Array {
  let raw: Buffer;
  try {
    raw = readFileSync(path);
  } catch (cause) {
    throw new IpseError(
      "ERR_CONFIG",
      `cannot read ${path} (${(cause as NodeJS.ErrnoException).code ?? "error"})`,
      { cause },
    );
  }
  if (raw.length > EVIDENCE_BYTES_MAX)
    throw new IpseError("ERR_EVIDENCE_FILE", "the file is too long for evidence");
  if (raw[0] !== 0x7b) return raw;
  try {
    const { evidence } = JSON.parse(raw.toString("utf8")) as { evidence?: unknown };
    return (typeof evidence === "string" ? fromBase64Url(evidence) : undefined) ?? raw;
  } catch {
    return raw;
  }
}

interface Verdict {
  readonly instance: Uint8Array;
  readonly evidence: ForkEvidence;
  readonly bytes: number;
  readonly roster: string;
}

async function judge(file: string, rosterFile: string): Promise<Verdict> {
  const { group: curve } = await loadGroup();
  const { roster } = readRosterFile(rosterFile).roster;
  const signed = readRosterFile(rosterFile).roster;
  if (roster.previous.every((byte) => byte === 0)) verifyRoster(curve, signed);
  const bytes = readEvidenceFile(file);
  const evidence = decode(forkEvidence, bytes);
  return {
    instance: verifyEvidence(curve, roster, evidence),
    evidence,
    bytes: bytes.length,
    roster: toHex(rosterHash(roster)),
  };
}

async function verify(args: readonly string[], options: CommonOptions & { roster: string }): Promise<number> {
  const { json = false } = options;
  let verdict: Verdict;
  try {
    verdict = await judge(args[0] ?? "", options.roster);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.exit === EXIT.usage || failure.code === "ERR_INTERNAL") throw error;
    if (json) print(true, { valid: false, code: failure.code, message: failure.message }, "");
    printFailure({ ...failure, message: `not valid: ${failure.message}` }, json);
    return EXIT.failed;
  }
  const { evidence, instance, bytes, roster } = verdict;
  const value = {
    valid: true,
    instance: toHex(instance),
    spiffe_id: evidence.enrollment.body.ticket.ticket.spiffeId,
    seq: evidence.a.header.seq,
    headers: [toHex(headerHash(evidence.a.header)), toHex(headerHash(evidence.b.header))],
    roster_hash: roster,
    bytes,
  };
  const text = [
    `valid: the state of instance ${value.instance} lived twice`,
    `SPIFFE ID  ${value.spiffe_id}`,
    `step       seq ${value.seq}, signed in two ways under the same keys`,
    ...value.headers.map((hash) => `header     ${hash}`),
    `roster     ${roster}`,
  ].join("\n");
  print(json, value, text);
  return EXIT.ok;
}

export function evidenceVerbs(program: Command): void {
  const evidence = group(program, "evidence", "the proof that an instance was cloned");
  verb<OperatorOptions>(
    evidence,
    "show <id>",
    "write the evidence about an instance to standard output",
    withCluster,
    show,
  );
  const pinned = (command: Command): Command =>
    command.requiredOption("--roster <file>", "the roster to check against; yours, not the evidence's");
  verb<CommonOptions & { roster: string }>(
    evidence,
    "verify <file>",
    "check evidence offline: 0 valid, 1 not",
    pinned,
    verify,
  );
}
