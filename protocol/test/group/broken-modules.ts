import { selfTest } from "../../src/group/self-test.ts";
import { sodiumGroup } from "../../src/group/sodium.ts";
import { type PublicPoints, publicPoints } from "../../src/group/straus.ts";
import type { StrausExports } from "../../src/group/straus-load.ts";
import { quick, scalarOf } from "./signatures.ts";
import { fromLittleEndian } from "./straus.ts";
import { freshModule, sodium } from "./subgroup.ts";

/** What is wrong with a module, in the place of what is right. */
export type Broken = (good: StrausExports) => Partial<StrausExports>;

/** Whether the fast group over these points passes its self test. */
export function passes(points?: PublicPoints): boolean {
  if (sodium === undefined) throw new Error("libsodium is gone");
  return selfTest(sodiumGroup(sodium, points));
}

export function passesBroken(broken: Broken): boolean {
  const good = freshModule();
  return passes(publicPoints({ ...good, ...broken(good) }));
}

/** Ways to break one of the two functions that compute [s]B - [c]A, and what may be wrong with either. */
export function brokenDifference(name: "subtractProducts" | "subtractSplitProducts") {
  const around =
    (before: (c: Uint8Array, s: Uint8Array) => void, after: (output: Uint8Array) => void): Broken =>
    (good) => ({
      [name]: (table: number) => {
        const at = (place: number): Uint8Array => new Uint8Array(good.memory.buffer, place, 32);
        before(at(good.challenge()), at(good.scalar()));
        good[name](table);
        after(at(good.output()));
      },
    });
  /** Before the module's own work, what `change` does to c and s. */
  const misread = (change: (c: Uint8Array, s: Uint8Array) => void): Broken => around(change, () => undefined);
  /** After it, what `change` does to its result. */
  const changed = (change: (output: Uint8Array) => void): Broken => around(() => undefined, change);
  const either: [string, Broken][] = [
    ["has no such function", () => ({ [name]: undefined as unknown as () => void })],
    ["leaves what was there", () => ({ [name]: () => undefined })],
    ["forgets the sign", changed((output) => output.set([(output[31] ?? 0) & 0x7f], 31))],
    ["forgets A", misread((c) => c.fill(0))],
    ["forgets B", misread((_, s) => s.fill(0))],
    ["adds A", misread((c) => c.set(quick.scalarNegate(scalarOf(fromLittleEndian(c)))))],
  ];
  return { misread, changed, either };
}

export const traps = (): never => {
  throw new Error("unreachable");
};
