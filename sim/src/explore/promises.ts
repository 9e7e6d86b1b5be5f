import { headerKey } from "../scenarios/facts.ts";
import { SMALL } from "../world/index.ts";
import type { Global } from "./global.ts";

/** The promises, on one state. `clone`: a second copy exists, so evidence may be true. */
export function checkState(state: Global, clone: boolean, violations: Set<string>): void {
  const certified = new Map<number, string>();
  const note = (seq: number, hash: string): void => {
    const known = certified.get(seq);
    if (known !== undefined && known !== hash) violations.add(`two headers of seq ${seq} are certified`);
    certified.set(seq, hash);
  };
  const votes = new Map<string, number>();
  for (const { record, forked } of state.oracles) {
    const head = record?.head?.signed.header;
    if (head !== undefined) note(head.seq, headerKey(head));
    const vote = record?.vote?.signed.header;
    if (vote !== undefined)
      votes.set(`${vote.seq}/${headerKey(vote)}`, (votes.get(`${vote.seq}/${headerKey(vote)}`) ?? 0) + 1);
    const bad = forked || (record !== undefined && record.status !== "active");
    if (bad && !clone) violations.add("evidence or suspension without a copy");
    if (record !== undefined && record.shares.length === 0) violations.add("an oracle lost its share");
  }
  const quorums = new Map<string, number>();
  for (const [key, count] of votes) {
    const seq = key.split("/")[0] ?? "";
    if (count >= SMALL.quorum) quorums.set(seq, (quorums.get(seq) ?? 0) + 1);
  }
  for (const [seq, count] of quorums) if (count > 1) violations.add(`two quorums of votes at seq ${seq}`);
  for (const { state: own } of state.workloads) {
    const { phase } = own.durable;
    if (phase.kind === "live") note(phase.head.signed.header.seq, headerKey(phase.head.signed.header));
    if (phase.kind === "dead" && !clone) violations.add(`an honest workload died of ${phase.code}`);
  }
}

/** Whether nothing is under way and two headers above one parent are known: gossip alone must then give evidence. */
export function rivalsAtRest(state: Global): boolean {
  if ([...state.up, ...state.down].some((frames) => frames.length > 0)) return false;
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
