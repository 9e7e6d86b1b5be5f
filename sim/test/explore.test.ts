import { expect, test } from "vitest";
import { explore } from "../src/explore/explore.ts";
import type { Global } from "../src/explore/global.ts";
import { checkState, checkTransition } from "../src/explore/promises.ts";

const bounded = { steps: 1, crashes: 1, statesMax: 12_000 };

test("every promise holds on every state of a bounded search with a clone and a crash", {
  timeout: 300_000,
}, async () => {
  const result = await explore({ ...bounded, steps: 2, clone: true });
  expect(result.violations).toEqual([]);
  expect(result.complete).toBe(false);
  expect(result.states).toBeGreaterThanOrEqual(12_000);
  expect(result.forked).toBeGreaterThan(100);
});

test("every schedule of one step each, a crash anywhere and frames in turn is tried to the end", {
  timeout: 300_000,
}, async () => {
  const result = await explore({ ...bounded, disturbances: 0, clone: true });
  expect(result.violations).toEqual([]);
  expect(result.complete).toBe(true);
  expect(result.forked).toBeGreaterThan(10);
});

test("without a clone no schedule gives evidence or a suspension, and the pending step certifies from every rest", {
  timeout: 300_000,
}, async () => {
  const result = await explore({ ...bounded, disturbances: 1, clone: false });
  expect(result.violations).toEqual([]);
  expect(result.forked).toBe(0);
});

/** A state of a broken build: what a checker of the search must say about it. */
async function broken(change: (state: Global) => Global): Promise<string[]> {
  let start: Global | undefined;
  await explore({ ...bounded, statesMax: 1, clone: false, seen: (state) => (start ??= state) });
  if (start === undefined) throw new Error("no state");
  const found: string[] = [];
  const next = change(start);
  checkState(next, false, (checker) => found.push(checker));
  checkTransition(start, next, (checker) => found.push(checker));
  return found;
}

test("the search's checkers are alive", async () => {
  const oracle = (state: Global, change: object): Global => ({
    ...state,
    oracles: state.oracles.map((one, i) => (i === 0 ? { ...one, ...change } : one)),
  });
  const recordOf = (state: Global) => {
    const record = state.oracles[0]?.record;
    if (record === undefined) throw new Error("no record");
    return record;
  };
  expect(await broken((state) => state)).toEqual([]);
  expect(await broken((state) => oracle(state, { forked: true }))).toContain("evidence-implies-copy");
  expect(
    await broken((state) => oracle(state, { record: { ...recordOf(state), status: "quarantined" } })),
  ).toContain("no-false-suspension");
  expect(await broken((state) => oracle(state, { record: { ...recordOf(state), shares: [] } }))).toContain(
    "no-deadlock",
  );
  const other = (state: Global) => {
    const record = recordOf(state);
    const { head, vote } = record;
    if (head === undefined || vote === undefined) throw new Error("no head or vote");
    const header = { ...head.signed.header, bodyHash: new Uint8Array(32) };
    return {
      head: oracle(state, { record: { ...record, head: { ...head, signed: { ...head.signed, header } } } }),
      vote: oracle(state, {
        record: { ...record, vote: { ...vote, signed: { ...vote.signed, header: { ...header } } } },
      }),
    };
  };
  expect(await broken((state) => other(state).head)).toContain("one-certified-header");
  expect(await broken((state) => other(state).vote)).toContain("one-vote");
  const bare = (state: Global): Global => ({
    ...state,
    oracles: state.oracles.map((one) => ({
      ...one,
      ...(one.record === undefined
        ? {}
        : {
            record: { ...one.record, shares: one.record.shares.map((share) => ({ ...share, version: 0 })) },
          }),
    })),
  });
  expect(await broken(bare)).toContain("ratchet-held");
});
