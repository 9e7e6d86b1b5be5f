import { type Hash, taggedHash } from "../encoding/index.ts";

/*
 * A Merkle tree over a ceremony's keys, so that each can be shown without the others. The shape is that of
 * RFC 9162 section 2.1 (an odd node moves up unchanged); leaves and inner nodes have their own domain tags,
 * and count and index fix which siblings a path has, so a path has no second reading.
 */

/** Levels of a tree over CEREMONY_KEYS_MAX leaves. */
export const MERKLE_PATH_MAX = 10;

function node(left: Hash, right: Hash): Hash {
  return taggedHash("ipse/v1/dkg-node", left, right);
}

/** All levels, leaves first and the root last. */
export function merkleLevels(leaves: readonly Hash[]): readonly (readonly Hash[])[] {
  const levels: (readonly Hash[])[] = [leaves];
  let level = leaves;
  while (level.length > 1) {
    const next: Hash[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Hash;
      const right = level[i + 1];
      next.push(right === undefined ? left : node(left, right));
    }
    levels.push(next);
    level = next;
  }
  return levels;
}

export function merkleRoot(levels: readonly (readonly Hash[])[]): Hash {
  return levels.at(-1)?.[0] ?? new Uint8Array(32);
}

/** The siblings from a leaf to the root (RFC 9162 section 2.1.3.1). */
export function merklePath(levels: readonly (readonly Hash[])[], index: number): readonly Hash[] {
  const path: Hash[] = [];
  let at = index;
  for (const level of levels.slice(0, -1)) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    at >>= 1;
  }
  return path;
}

/** The root that a leaf and its path lead to; undefined when the path does not fit index and count (RFC 9162 section 2.1.3.2). */
export function rootOfPath(
  leaf: Hash,
  index: number,
  count: number,
  path: readonly Hash[],
): Hash | undefined {
  if (!Number.isInteger(index) || index < 0 || index >= count) return undefined;
  let hash = leaf;
  let used = 0;
  let at = index;
  for (let size = count; size > 1; size = (size + 1) >> 1) {
    if ((at ^ 1) < size) {
      const sibling = path[used++];
      if (sibling === undefined) return undefined;
      hash = at % 2 === 1 ? node(sibling, hash) : node(hash, sibling);
    }
    at >>= 1;
  }
  return used === path.length ? hash : undefined;
}
