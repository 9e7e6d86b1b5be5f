import { SimError } from "../core/sim-error.ts";

/** How many oracles, votes for a quorum, and faults the roster claims to bear. */
export interface Topology {
  readonly oracles: number;
  readonly quorum: number;
  readonly byzantine: number;
}

export const PRESETS: readonly Topology[] = [
  { oracles: 4, quorum: 3, byzantine: 1 },
  { oracles: 7, quorum: 5, byzantine: 2 },
  { oracles: 10, quorum: 7, byzantine: 3 },
];

export const SMALL: Topology = { oracles: 4, quorum: 3, byzantine: 1 };

export function topologyName({ oracles, quorum, byzantine }: Topology): string {
  return `${oracles}-${quorum}-${byzantine}`;
}

/** The rules of SPEC section 1, before a roster is even made. Throws SimError naming the field. */
export function checkTopology({ oracles: n, quorum: q, byzantine: b }: Topology, field = "topology"): void {
  const rule = (holds: boolean, message: string): void => {
    if (!holds) throw new SimError("ERR_SIM_TOPOLOGY", `${field}: ${message}`);
  };
  rule(Number.isInteger(n) && n >= 3 && n <= 16, "oracles must be 3 to 16");
  rule(Number.isInteger(q) && q >= 2, "quorum must be at least 2");
  rule(Number.isInteger(b) && b >= 0, "byzantine must not be negative");
  rule(2 * q - n > b, `impossible: 2q - n > b does not hold for n=${n} q=${q} b=${b}`);
  rule(q <= n - b, `impossible: q <= n - b does not hold for n=${n} q=${q} b=${b}`);
}
