import { compareBytes } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { type Mutation, pointTable, put, type Table, type View } from "../host/table.ts";
import {
  type Endpoint,
  type Receiver,
  type Resource,
  type SignedStatement,
  type Statement,
  type StatementPayload,
  signedStatement,
  statementHash,
  type Workload,
} from "./statement.ts";
import { type Subject, subjectKey, subjectOf } from "./subject.ts";

/** The registry as it stands: the winning statement of each subject, by subjectKey. */
export const statements: Table<SignedStatement> = pointTable("statement", signedStatement);

/** What the projection reads. */
export type StatementView = Pick<View, "get">;

export interface Applied {
  /** False: the registry holds this statement or a winning one already; nothing to write, nothing to gossip. */
  readonly accepted: boolean;
  readonly supersedes: SignedStatement | undefined;
  readonly mutations: readonly Mutation[];
}

/** A release's number ranks before its serial, so that the number never goes down. */
function rank({ payload, serial }: Statement): readonly [number, number] {
  if (payload.kind !== "instance" || payload.action !== "release") return [0, serial];
  return [payload.release, serial];
}

function isAppendOnly(payload: StatementPayload): boolean {
  return payload.kind === "ticketRevocation" || (payload.kind === "instance" && payload.action === "revoke");
}

/**
 * Whether `one` wins over `other`, statements of one subject: a total order, so oracles that received
 * different ones agree once each has seen both. The newest serial wins. What is append-only is never undone:
 * there the OLDEST serial stays. Ties: the smaller hash.
 */
export function wins(one: Statement, other: Statement): boolean {
  const [a, b] = [rank(one), rank(other)];
  const order = a[0] - b[0] || a[1] - b[1];
  if (order !== 0) return isAppendOnly(one.payload) ? order < 0 : order > 0;
  return compareBytes(statementHash(one), statementHash(other)) < 0;
}

/** Projects a VERIFIED statement (verifyStatement) onto the registry. Pure: the host persists the mutations. */
export function applyStatement(view: StatementView, signed: SignedStatement): Applied {
  const key = subjectKey(subjectOf(signed.statement.payload));
  const held = view.get(statements, key);
  if (held !== undefined && !wins(signed.statement, held.statement))
    return { accepted: false, supersedes: undefined, mutations: [] };
  return { accepted: true, supersedes: held, mutations: [put(statements, key, signed)] };
}

function payloadOf<K extends StatementPayload["kind"]>(
  view: StatementView,
  about: Subject,
  kind: K,
): Extract<StatementPayload, { kind: K }> | undefined {
  const payload = view.get(statements, subjectKey(about))?.statement.payload;
  return payload?.kind === kind ? (payload as Extract<StatementPayload, { kind: K }>) : undefined;
}

/** A workload that exists; a deleted one is undefined. */
export function workloadOf(view: StatementView, spiffeId: string): Workload | undefined {
  const found = payloadOf(view, { kind: "workload", spiffeId }, "workload");
  return found?.deleted === false ? found : undefined;
}

/** A resource that exists; a deleted one is undefined. */
export function resourceOf(view: StatementView, url: string): Resource | undefined {
  const found = payloadOf(view, { kind: "resource", url }, "resource");
  return found?.deleted === false ? found : undefined;
}

export function endpointOf(view: StatementView, oracle: number): Endpoint | undefined {
  return payloadOf(view, { kind: "endpoint", oracle }, "endpoint");
}

export function isTicketRevoked(view: StatementView, ticketId: Uint8Array): boolean {
  return view.get(statements, subjectKey({ kind: "ticketRevocation", ticketId })) !== undefined;
}

/** Where a resource's events go; undefined: nowhere, it polls. */
export function receiverOf(view: StatementView, url: string): Receiver | undefined {
  const found = payloadOf(view, { kind: "receiver", url }, "receiver");
  return found?.deleted === false ? found : undefined;
}

/** The operators' newest order to replace the issuer key, with the time at which they gave it. */
export function issuerRotationOf(
  view: StatementView,
): { readonly issuedAtMs: number; readonly immediate: boolean } | undefined {
  const found = view.get(statements, subjectKey({ kind: "issuerRotation" }))?.statement;
  if (found?.payload.kind !== "issuerRotation") return undefined;
  return { issuedAtMs: found.issuedAtMs, immediate: found.payload.immediate };
}

/** The serial of the statement behind a workload's policy. */
export function policySerialOf(view: StatementView, spiffeId: string): number {
  return view.get(statements, subjectKey({ kind: "workload", spiffeId }))?.statement.serial ?? 0;
}

/** What operators said about one instance. Forks and stale notices come on top. */
export interface InstanceStanding {
  readonly status: "active" | "quarantined" | "revoked";
  /** The newest release number; stale notices below it are void. */
  readonly release: number;
  readonly reason: string | undefined;
  /** The statement that decides: the revocation, else the quarantine, else the release. */
  readonly by: SignedStatement | undefined;
}

function reasonOf({ statement }: SignedStatement): string | undefined {
  return statement.payload.kind === "instance" ? statement.payload.reason : undefined;
}

/** Operators' word on an instance: revoked for ever, else quarantined unless released by a newer serial. */
export function standingOf(view: StatementView, instance: Hash): InstanceStanding {
  const heldAt = (kind: "release" | "revocation" | "quarantine") =>
    view.get(statements, subjectKey({ kind, instance }));
  const released = heldAt("release");
  const release = released === undefined ? 0 : rank(released.statement)[0];
  const revoked = heldAt("revocation");
  if (revoked !== undefined) return { status: "revoked", release, reason: reasonOf(revoked), by: revoked };
  const held = heldAt("quarantine");
  if (held === undefined || held.statement.serial < (released?.statement.serial ?? -1))
    return { status: "active", release, reason: undefined, by: released };
  return { status: "quarantined", release, reason: reasonOf(held), by: held };
}

/** The serial that wins over everything this registry holds about a payload's subject (for an instance: its family). */
export function nextSerial(view: StatementView, payload: StatementPayload): number {
  const about: Subject[] =
    payload.kind === "instance"
      ? (["quarantine", "release", "revocation"] as const).map((kind) => ({
          kind,
          instance: payload.instance,
        }))
      : [subjectOf(payload)];
  const serials = about.map((one) => view.get(statements, subjectKey(one))?.statement.serial ?? 0);
  return Math.max(...serials) + 1;
}
