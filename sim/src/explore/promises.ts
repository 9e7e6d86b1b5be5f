import { headerKey } from "../scenarios/facts.ts";
import { SMALL } from "../world/index.ts";
import type { Global } from "./global.ts";
import type { Moves } from "./moves.ts";
import type { OracleState } from "./oracle-part.ts";
import type { WorkloadRest } from "./workload-part.ts";

/** Notes a broken promise, by the name of its checker. */
export type Violate = (checker: string, message: string) => void;

function certifiedOnce(state: Global, violate: Violate): void {
  const certified = new Map<number, string>();
  const note = (seq: number, hash: string): void => {
    const known = certified.get(seq);
    if (known !== undefined && known !== hash)
      violate("one-certified-header", `two headers of seq ${seq} are certified`);
    certified.set(seq, hash);
  };
  const votes = new Map<string, number>();
  for (const { record } of state.oracles) {
    const head = record?.head?.signed.header;
    if (head !== undefined) note(head.seq, headerKey(head));
    const vote = record?.vote?.signed.header;
    if (vote === undefined) continue;
    const count = (votes.get(headerKey(vote)) ?? 0) + 1;
    votes.set(headerKey(vote), count);
    if (count >= SMALL.quorum) note(vote.seq, headerKey(vote));
  }
  for (const { state: own } of state.workloads) {
    const { phase } = own.durable;
    if (phase.kind === "live") note(phase.head.signed.header.seq, headerKey(phase.head.signed.header));
  }
}

function ratchetHeld(state: Global, violate: Violate): void {
  const heads = [
    ...state.oracles.map(({ record }) => record?.head?.signed.header),
    ...state.workloads.map(({ state: { durable } }) =>
      durable.phase.kind === "live" ? durable.phase.head.signed.header : undefined,
    ),
  ];
  for (const header of heads) {
    if (header?.ratchet !== true) continue;
    const version = header.shareVersion;
    const holds = ({ record }: OracleState): boolean =>
      record?.shares.some((share) => share.version >= version) === true;
    if (state.oracles.filter(holds).length < SMALL.quorum - SMALL.byzantine)
      violate("ratchet-held", `version ${version} is certified, too few oracles hold it`);
  }
}

/** The promises that one state alone can break. `clone`: a second copy exists, so evidence may be true. */
export function checkState(state: Global, clone: boolean, violate: Violate): void {
  certifiedOnce(state, violate);
  ratchetHeld(state, violate);
  for (const { record, forked } of state.oracles) {
    if (forked && !clone) violate("evidence-implies-copy", "evidence without a copy");
    if (!forked && record !== undefined && record.status !== "active" && !clone)
      violate("no-false-suspension", `${record.status} without a copy`);
    if (forked && record?.status !== "revoked")
      violate("revocations-survive", "evidence without a revocation");
    if (record !== undefined && record.shares.length === 0)
      violate("no-deadlock", "an oracle has no share at all");
  }
  for (const { state: own } of state.workloads) {
    const { phase } = own.durable;
    if (phase.kind === "dead" && !clone)
      violate("no-false-suspension", `an honest workload died of ${phase.code}`);
  }
}

function checkOracle(before: OracleState, after: OracleState, violate: Violate): void {
  const [old, now] = [before.record, after.record];
  const [voted, votes] = [old?.vote?.signed.header, now?.vote?.signed.header];
  if (voted !== undefined && votes !== undefined) {
    if (votes.seq < voted.seq || (votes.seq === voted.seq && headerKey(votes) !== headerKey(voted)))
      violate("one-vote", `a correct oracle voted again at seq ${votes.seq}`);
  }
  if (old?.status === "revoked" && now?.status !== "revoked")
    violate("revocations-survive", "a revocation was taken back");
  if ((old?.head?.signed.header.seq ?? 0) > (now?.head?.signed.header.seq ?? 0))
    violate("one-certified-header", "an oracle's head went back");
}

function checkWorkload(before: WorkloadRest, after: WorkloadRest, violate: Violate): void {
  const [old, now] = [before.state.durable.phase, after.state.durable.phase];
  if (old.kind !== "live" || now.kind !== "live") return;
  const [signed, signs] = [old.pending?.signed.header, now.pending?.signed.header];
  if (signed === undefined) return;
  const head = now.head.signed.header;
  const replaced = signs !== undefined && signs.seq === signed.seq && headerKey(signs) !== headerKey(signed);
  const dropped = signs === undefined && head.seq < signed.seq;
  const other = head.seq === signed.seq && headerKey(head) !== headerKey(signed);
  if (replaced || dropped || other)
    violate("one-header", `a workload gave up its header of seq ${signed.seq}`);
}

/** The promises that a transition can break. */
export function checkTransition(before: Global, after: Global, violate: Violate): void {
  before.oracles.forEach((oracle, i) => {
    const next = after.oracles[i];
    if (next !== undefined && next !== oracle) checkOracle(oracle, next, violate);
  });
  before.workloads.forEach((workload, i) => {
    const next = after.workloads[i];
    if (next !== undefined && next !== workload) checkWorkload(workload, next, violate);
  });
}

/** Whether nothing is under way. */
export function atRest(state: Global): boolean {
  return [...state.up, ...state.down].every((frames) => frames.length === 0);
}

/** Whether two headers above one parent are known: gossip alone must then give evidence. */
function rivals(state: Global): boolean {
  const known = new Map<string, Set<string>>();
  for (const { record } of state.oracles) {
    const headers = [
      record?.vote?.signed.header,
      ...(record?.undecided ?? []).map(({ signed }) => signed.header),
    ];
    for (const header of headers) {
      if (header === undefined) continue;
      const key = `${header.seq}/${String.fromCharCode(...header.parent)}`;
      known.set(key, (known.get(key) ?? new Set()).add(headerKey(header)));
    }
  }
  return [...known.values()].some((hashes) => hashes.size > 1);
}

function headSeq({ state }: WorkloadRest | { state: undefined }): number {
  const phase = state?.durable.phase;
  return phase?.kind === "live" ? phase.head.signed.header.seq : -1;
}

/** The promises about what must follow, judged where nothing is under way: evidence is found, and one honest copy goes on. */
export function checkRest(state: Global, clone: boolean, moves: Moves, violate: Violate): void {
  if (!atRest(state)) return;
  if (rivals(state) && !moves.gossipOut(state).oracles.every(({ forked }) => forked))
    violate("fork-found-in-time", "two headers of one seq are known, and gossip finds no evidence");
  if (clone) return;
  let current = state;
  for (let o = 0; o < state.oracles.length; o++) current = moves.drain(moves.reconnect(current, o));
  const [was, is] = [state.workloads[0], current.workloads[0]];
  const pending = was?.state.durable.phase.kind === "live" && was.state.durable.phase.pending !== undefined;
  if (pending && headSeq(is ?? { state: undefined }) <= headSeq(was))
    violate("no-deadlock", "with every oracle in reach the pending step does not certify");
}
