import fc from "fast-check";
import { expect, it } from "vitest";
import { standingOf, workloadOf } from "../../src/registry/registry.ts";
import { instance, onInstance, signStatement, workload } from "./fixture.ts";
import { MemoryRegistry } from "./memory-view.ts";

const few = fc.integer({ min: 1, max: 4 });
const payload = fc.oneof(
  fc
    .tuple(fc.constantFrom("quarantine" as const, "release" as const, "revoke" as const), few)
    .map(([action, release]) => onInstance(action, release)),
  fc
    .record({ allowRaw: fc.boolean(), deleted: fc.boolean() })
    .map((changes) => ({ ...workload, ...changes })),
);
const statements = fc.array(
  fc.tuple(payload, few).map(([one, serial]) => signStatement(one, [], { serial })),
  { maxLength: 8 },
);

const standingAfter = (all: ReturnType<typeof signStatement>[]) => {
  const registry = new MemoryRegistry();
  for (const one of all) registry.apply(one);
  return { standing: standingOf(registry, instance), workload: workloadOf(registry, workload.spiffeId) };
};

it("oracles that saw the same statements agree, in whatever order and however often they came", () => {
  expect.hasAssertions();
  const orders = statements.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      fc.shuffledSubarray(all),
    ),
  );
  fc.assert(
    fc.property(orders, ([one, other, again]) => {
      expect(standingAfter([...other, ...again])).toEqual(standingAfter(one));
    }),
  );
});

it("once revoked, an instance is revoked, and its release number never falls", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(statements, (all) => {
      const registry = new MemoryRegistry();
      let before = standingOf(registry, instance);
      for (const one of all) {
        registry.apply(one);
        const now = standingOf(registry, instance);
        expect(now.release).toBeGreaterThanOrEqual(before.release);
        if (before.status === "revoked") expect(now.status).toBe("revoked");
        before = now;
      }
    }),
  );
});
