import { createPrivateKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { type Group, portableGroup } from "@ipse/protocol/group";
import { ownCpuMs } from "../cluster/process-cpu.ts";
import { type Case, interleaved, microseconds, type Samples, speedup } from "../measure/rounds.ts";
import type { BenchOptions } from "../options.ts";
import type { Findings } from "../report.ts";
import { dealMaterial, expectTrue, type Material, separateGroups } from "./material.ts";
import {
  nobleAggregateCase,
  nobleCommitCase,
  nobleKey,
  nobleSignShareCase,
  nobleVerifyShareCase,
} from "./noble.ts";
import { aggregateCase, commitCase, signShareCase, verifyShareCase, wholeSignCase } from "./ours.ts";
import { loadTorus, torusSignCase } from "./torus.ts";

const SHARE_SIGNERS = [4, 8, 15] as const;
const WHOLE_SIGNERS = [4, 6, 8, 15] as const;

function nativeCase(material: Material, name: string): Case {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" }));
  return {
    name,
    make: (count) => {
      const signatures: Uint8Array[] = [];
      return {
        run: () => {
          for (let i = 0; i < count; i++) signatures.push(sign(null, material.message, key));
        },
        check: () => {
          for (const signature of signatures.slice(0, 4))
            expectTrue(verify(null, material.message, publicKey, signature), name);
        },
      };
    },
  };
}

function nobleCases(material: Material): Case[] {
  const key = nobleKey(material);
  const k = material.signers.length;
  if (k !== 4) return [nobleSignShareCase(key, `noble_sign_share_k${k}`)];
  return [
    nobleCommitCase(key, "noble_commit"),
    nobleSignShareCase(key, "noble_sign_share_k4"),
    nobleAggregateCase(key, "noble_aggregate_verify_k4"),
    nobleVerifyShareCase(key, "noble_verify_share_k4"),
  ];
}

function ourCases(
  group: Group,
  groups: readonly Group[],
): { cases: Case[]; materials: Map<number, Material> } {
  const sizes = [...new Set([...SHARE_SIGNERS, ...WHOLE_SIGNERS])];
  const materials = new Map(sizes.map((k) => [k, dealMaterial(group, k)] as const));
  const cases: Case[] = [];
  for (const [k, material] of materials) {
    cases.push(signShareCase(material, `sign_share_k${k}`, false));
    cases.push(signShareCase(material, `sign_share_prevalidated_k${k}`, true));
    cases.push(wholeSignCase(material, groups, `whole_sign_k${k}`));
    if (k !== 4) continue;
    cases.push(commitCase(material, "commit"), nativeCase(material, "ed25519_sign"));
    cases.push(aggregateCase(material, "aggregate_verify_k4"));
    cases.push(verifyShareCase(material, "verify_share_k4"));
  }
  return { cases, materials };
}

function ratiosOf(samples: Samples): Record<string, number> {
  const against = (name: string, peer = `noble_${name}`): [string, number][] =>
    samples.has(peer) ? [[name, speedup(samples, name, peer)]] : [];
  const whole = WHOLE_SIGNERS.flatMap((k) =>
    against(`whole_sign_k${k}`, `torus_whole_sign_k${k}`).map(
      ([name, value]) => [`${name}_vs_torus`, value] as const,
    ),
  );
  return Object.fromEntries([
    ...against("commit"),
    ...SHARE_SIGNERS.flatMap((k) => against(`sign_share_k${k}`)),
    ...against("sign_share_prevalidated_k4", "noble_sign_share_k4"),
    ...against("aggregate_verify_k4"),
    ...against("verify_share_k4"),
    ...whole,
  ]);
}

/** Threshold signing beside @noble/curves, Torus and plain Ed25519, participant for participant. */
export async function signingPart(group: Group, { quick }: BenchOptions): Promise<Findings> {
  const { cases, materials } = ourCases(group, await separateGroups(Math.max(...WHOLE_SIGNERS)));
  for (const k of SHARE_SIGNERS) {
    const material = materials.get(k);
    if (material !== undefined) cases.push(...nobleCases(material));
  }
  const torus = await loadTorus();
  for (const [k, { message }] of materials)
    if (torus !== undefined)
      cases.push(torusSignCase(torus, group, { k, message }, `torus_whole_sign_k${k}`));
  const samples = await interleaved(
    cases,
    quick ? { rounds: 5, caseMs: 5, nowMs: ownCpuMs } : { rounds: 9, caseMs: 60, nowMs: ownCpuMs },
  );
  const figures: Record<string, number | string> = {
    group: group.name,
    torus_loads: torus === undefined ? "no" : "yes",
    whole_sign_k4_vs_ed25519: speedup(samples, "whole_sign_k4", "ed25519_sign"),
  };
  for (const { name } of cases) figures[`${name}_us`] = microseconds(samples, name);
  if (group === portableGroup) figures["warning"] = "libsodium did not load";
  return { ratios: ratiosOf(samples), figures };
}
