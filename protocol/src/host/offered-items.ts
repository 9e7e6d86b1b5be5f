import { concatBytes, equalBytes } from "../bytes.ts";
import { type Hash, hashOf, keyword, struct, varBytes } from "../encoding/index.ts";
import { statements } from "../registry/registry.ts";
import { subjectKey, subjectOf } from "../registry/subject.ts";
import { records } from "../session/oracle/index.ts";
import { type GossipItem, gossipItem } from "../wire/peer.ts";
import { type Mutation, pointTable, put, remove, type View } from "./table.ts";

/** More than the longest subject takes. */
const KEY_BYTES_MAX = 4096;

const slot = struct({
  kind: keyword(["evidence", "equivocation", "stale", "statement"]),
  key: varBytes(KEY_BYTES_MAX),
});
interface Slot {
  readonly kind: "evidence" | "equivocation" | "stale" | "statement";
  readonly key: Uint8Array;
}

/**
 * The durable things gossip carries (evidence, suspensions, equivocations, statements) by hash, so that peers can ask
 * for what they lack: revocations held by one correct oracle survive through this. A row is written with its item.
 */
export const offeredItems = pointTable("offered", slot);

export function itemHash(item: GossipItem): Hash {
  return hashOf("ipse/v1/gossip-item", gossipItem, item);
}

/** Where an item is kept; undefined for what is not durable by itself. */
function slotOf(item: GossipItem): Slot | undefined {
  switch (item.kind) {
    case "evidence":
      return { kind: "evidence", key: item.evidence.enrollment.signed.header.instance };
    case "equivocation": {
      const { oracle, instance } = item.evidence.first.vote;
      return { kind: "equivocation", key: concatBytes(records.oracleKey(oracle), instance) };
    }
    case "stale":
      return { kind: "stale", key: item.notice.notice.instance };
    case "statement":
      return { kind: "statement", key: subjectKey(subjectOf(item.statement.statement.payload)) };
    case "head":
    case "undecided":
    case "open":
    case "enrollment":
      return undefined;
  }
}

function itemAt(view: Pick<View, "get">, { kind, key }: Slot): GossipItem | undefined {
  switch (kind) {
    case "evidence": {
      const evidence = view.get(records.forks, key);
      return evidence && { kind, evidence };
    }
    case "equivocation": {
      const evidence = view.get(records.equivocations, key);
      return evidence && { kind, evidence };
    }
    case "stale": {
      const notice = view.get(records.staleNotices, key);
      const enrollment = view.get(records.enrollments, key);
      return notice && enrollment && { kind, notice, enrollment };
    }
    case "statement": {
      const statement = view.get(statements, key);
      return statement && { kind, statement };
    }
  }
}

/** The item of a hash, if it is on offer here. */
export function offeredItem(view: Pick<View, "get">, hash: Hash): GossipItem | undefined {
  const found = view.get(offeredItems, hash);
  return found === undefined ? undefined : itemAt(view, found);
}

/**
 * What puts an item on offer, in the place of the one that it replaces: part of the commit that makes the item
 * durable. `view` does not show that commit yet.
 */
export function offerMutations(view: Pick<View, "get">, item: GossipItem): Mutation[] {
  const kept = slotOf(item);
  if (kept === undefined) return [];
  const hash = itemHash(item);
  const before = itemAt(view, kept);
  const old = before === undefined ? undefined : itemHash(before);
  const gone = old !== undefined && !equalBytes(old, hash) ? [remove(offeredItems, old)] : [];
  return [...gone, put(offeredItems, hash, kept)];
}
