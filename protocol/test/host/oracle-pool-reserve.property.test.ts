import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../../src/bytes.ts";
import { deriveKeyId } from "../../src/dkg/index.ts";
import { type OracleMessage, reserveInput } from "../../src/wire/session.ts";
import { runs } from "../group/backends.ts";
import { operatorTicket, sign } from "../registry/fixture.ts";
import { filledPools, requestOf } from "../support/reservations.ts";

const ticket = operatorTicket("alice", { uses: 8 });

const oracle = fc.integer({ min: 1, max: 2 });
const device = fc.constantFrom("a", "b", "c", "d", "e");
const ask = fc.record({ oracle, use: fc.integer({ min: 1, max: 2 }), device });
const flush = fc.record({ oracle });
const crash = fc.record({ oracle, kept: fc.nat(2) });
const steps = fc.array(fc.oneof({ weight: 4, arbitrary: ask }, flush, crash), { maxLength: 40 });

test("whatever crashes, a key is promised to one enrollment at most and an enrollment keeps its keys", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const cluster = filledPools(4);
      /** What agents were told: key -> enrollment, and owner and enrollment -> key. */
      const promised = new Map<string, string>();
      const held = new Map<string, string>();
      const told = (oracle: number, enrollment: string, message: OracleMessage): void => {
        if (message.kind !== "reserved") return;
        const key = toHex(deriveKeyId(message.poolKey));
        const asked = `${oracle} ${enrollment}`;
        expect(promised.get(key) ?? enrollment).toBe(enrollment);
        expect(held.get(asked) ?? key).toBe(key);
        promised.set(key, enrollment);
        held.set(asked, key);
      };
      for (const step of given) {
        const { pool, store } = cluster.member(step.oracle);
        if ("use" in step) {
          const request = requestOf(ticket, step.use, step.device);
          pool.reserve(request, sign("ticket", reserveInput(request)), (message) =>
            told(step.oracle, `${step.use} ${step.device}`, message),
          );
        } else if ("kept" in step) {
          cluster.crash(step.oracle, step.kept);
          cluster.restart(step.oracle);
        } else store.flush();
      }
      for (const id of [1, 2]) cluster.member(id).store.flushAll();
      for (const id of [1, 2]) {
        const mine = [...held.keys()].filter((asked) => asked.startsWith(`${id} `)).length;
        expect(cluster.member(id).pool.size().owned).toBeLessThanOrEqual(4 - mine);
      }
    }),
    runs(0.3),
  );
});
