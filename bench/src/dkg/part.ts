import { randomBytes } from "node:crypto";
import { type DkgContext, type DkgOutput, type DkgParams, dkgStart, dkgStep } from "@ipse/protocol/dkg";
import type { Group } from "@ipse/protocol/group";
import { ed25519_FROST } from "@noble/curves/ed25519.js";
import { ownCpuMs } from "../cluster/process-cpu.ts";
import { type Case, interleaved, microseconds, speedup } from "../measure/rounds.ts";
import type { BenchOptions } from "../options.ts";
import type { Findings } from "../report.ts";
import { expectTrue, known, separateGroups } from "../signing/material.ts";
import { loadTorus, torusDkgCase } from "../signing/torus.ts";

/** n and t of the presets. */
const PRESETS = [
  [4, 3],
  [7, 5],
  [10, 7],
] as const;
/** Keys of one ceremony: the pool makes them in batches. */
const BATCH_KEYS = 16;

function dkgParams(group: Group, n: number, threshold: number, count: number) {
  const seeds = Array.from({ length: n }, () => randomBytes(32));
  const params: DkgParams = {
    rosterHash: randomBytes(32),
    ceremony: randomBytes(32),
    threshold,
    count,
    voteKeys: seeds.map((seed) => group.ed25519.publicKey(seed)),
  };
  return { seeds, params };
}

/** A whole ceremony of n oracles, certificate included; returns each one's last output. */
function ceremony(groups: readonly Group[], n: number, threshold: number, count: number): DkgOutput[] {
  const { seeds, params } = dkgParams(known(groups[0], "group"), n, threshold, count);
  const contexts: DkgContext[] = seeds.map((seed, i) => {
    const group = known(groups[i], "group");
    return { group, sign: (input) => group.ed25519.sign(seed, input) };
  });
  const outputs = contexts.map((context, i) =>
    dkgStart(context, { params, party: i + 1, random: (length) => randomBytes(length) }),
  );
  const queue = outputs.flatMap(({ send }, i) => send.map((one) => ({ ...one, from: i + 1 })));
  for (let packet = queue.shift(); packet !== undefined; packet = queue.shift()) {
    const at = packet.to - 1;
    const before = known(outputs[at], "party");
    const { from, payload } = packet;
    const next = dkgStep(known(contexts[at], "party"), before.state, { kind: "message", from, payload });
    outputs[at] =
      next.done === undefined && before.done !== undefined ? { ...next, done: before.done } : next;
    for (const one of next.send) queue.push({ ...one, from: packet.to });
  }
  return outputs;
}

function ourCase(
  groups: readonly Group[],
  preset: readonly [number, number],
  count: number,
  name: string,
): Case {
  const [n, threshold] = preset;
  return {
    name,
    participants: n * count,
    make: (times) => {
      const outputs: DkgOutput[][] = [];
      return {
        run: () => {
          for (let i = 0; i < times; i++) outputs.push(ceremony(groups, n, threshold, count));
        },
        check: () => {
          for (const all of outputs)
            expectTrue(
              all.every((one) => one.done?.length === count),
              name,
            );
        },
      };
    },
  };
}

function nobleCase(n: number, threshold: number, name: string): Case {
  const { DKG, Identifier } = ed25519_FROST;
  const ids = Array.from({ length: n }, (_, i) => Identifier.fromNumber(i + 1));
  const once = () => {
    const first = ids.map((id) => DKG.round1(id, { min: threshold, max: n }));
    const publics = (me: number) => first.flatMap((one, i) => (i === me ? [] : [one.public]));
    const second = first.map(({ secret }, me) => DKG.round2(secret, publics(me)));
    return first.map(({ secret }, me) => {
      const mine = second.flatMap((sent, i) =>
        i === me ? [] : [known(sent[known(ids[me], "id")], "share")],
      );
      return DKG.round3(secret, publics(me), mine);
    });
  };
  return {
    name,
    participants: n,
    make: (times) => {
      const keys: ReturnType<typeof once>[] = [];
      return {
        run: () => {
          for (let i = 0; i < times; i++) keys.push(once());
        },
        check: () => {
          for (const all of keys) expectTrue(all.length === n, name);
        },
      };
    },
  };
}

/** Key generation, per participant and key. */
export async function dkgPart(_group: Group, { quick }: BenchOptions): Promise<Findings> {
  const torus = await loadTorus();
  const groups = await separateGroups(10);
  const cases = PRESETS.flatMap(([n, t]) => [
    ourCase(groups, [n, t], 1, `dkg_n${n}`),
    ourCase(groups, [n, t], BATCH_KEYS, `dkg_batch_n${n}`),
    ...(n === 7 ? [nobleCase(n, t, `noble_dkg_n${n}`)] : []),
    ...(torus === undefined ? [] : [torusDkgCase(torus, n, t, `torus_dkg_n${n}`)]),
  ]);
  const samples = await interleaved(
    cases,
    quick ? { rounds: 5, caseMs: 5, nowMs: ownCpuMs } : { rounds: 5, caseMs: 100, nowMs: ownCpuMs },
  );
  const ratios: Record<string, number> = {};
  const figures: Record<string, number> = {};
  for (const [n] of PRESETS) {
    if (n === 7) ratios[`dkg_n${n}_vs_noble`] = speedup(samples, `dkg_n${n}`, `noble_dkg_n${n}`);
    if (torus !== undefined) ratios[`dkg_n${n}_vs_torus`] = speedup(samples, `dkg_n${n}`, `torus_dkg_n${n}`);
  }
  for (const { name } of cases) figures[`${name}_us`] = microseconds(samples, name);
  return { ratios, figures };
}
