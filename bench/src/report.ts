import { rounded } from "./measure/stats.ts";

/** What a part of the bench hands back. */
export interface Findings {
  readonly ratios: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, number | string>>;
}

export interface Target {
  readonly must: number;
  readonly goal: number;
}

/** Issue 5's table, and the token rows of issue 4. */
export const TARGETS: Readonly<Record<string, Target>> = {
  commit: { must: 10, goal: 15 },
  sign_share_k4: { must: 20, goal: 40 },
  sign_share_k8: { must: 20, goal: 40 },
  sign_share_k15: { must: 20, goal: 40 },
  sign_share_prevalidated_k4: { must: 40, goal: 120 },
  aggregate_verify_k4: { must: 40, goal: 100 },
  verify_share_k4: { must: 60, goal: 200 },
  whole_sign_k4_vs_torus: { must: 1.5, goal: 3 },
  whole_sign_k8_vs_torus: { must: 1.5, goal: 3 },
  dkg_n7_vs_noble: { must: 15, goal: 30 },
  dkg_n7_vs_torus: { must: 0.8, goal: 1.5 },
  oracle_durable_vs_noble: { must: 25, goal: 60 },
  oracle_durable_vs_memory: { must: 0.85, goal: 0.97 },
  coalesced_vs_single: { must: 4, goal: 10 },
  steps_at_100k_vs_1k: { must: 0.8, goal: 0.95 },
  token_local_vs_oidc: { must: 1.5, goal: 2.5 },
  token_local_dpop_vs_oidc: { must: 1.5, goal: 2.5 },
  token_threshold_vs_oidc: { must: 0.15, goal: 0.3 },
};

export function merge(parts: readonly Findings[]): Findings {
  const round = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(record).map(([key, value]) => [
        key,
        (typeof value === "number" ? rounded(value) : value) as T,
      ]),
    );
  return {
    ratios: round(Object.assign({}, ...parts.map(({ ratios }) => ratios)) as Record<string, number>),
    figures: round(Object.assign({}, ...parts.map(({ figures }) => figures)) as Findings["figures"]),
  };
}

function verdict(value: number, target: Target | undefined): string {
  if (target === undefined) return "";
  if (value >= target.goal) return "goal";
  return value >= target.must ? "must" : "BELOW";
}

/** The findings as text: a table of ratios with must and goal beside them, then the figures. */
export function asText({ ratios, figures }: Findings): string {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(9))).join("");
  const lines = [row(["ratio", "measured", "must", "goal", "reached"])];
  for (const [name, value] of Object.entries(ratios)) {
    const target = TARGETS[name];
    const goals = target === undefined ? ["-", "-"] : [String(target.must), String(target.goal)];
    lines.push(row([name, String(value), ...goals, verdict(value, target)]));
  }
  lines.push("", ...Object.entries(figures).map(([name, value]) => `${name.padEnd(52)}${value}`));
  return lines.join("\n");
}
