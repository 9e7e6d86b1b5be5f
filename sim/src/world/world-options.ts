import type { IssuerOptions } from "@ipse/protocol/host";
import type { WorkloadSettings } from "@ipse/protocol/session/workload";
import type { DiskImage } from "../core/index.ts";
import type { Cluster } from "./cluster.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly cluster: Cluster;
  /** Disk of oracle i at index i - 1. */
  readonly images?: readonly DiskImage[];
  readonly settings?: Partial<WorkloadSettings>;
  readonly wire?: boolean;
  readonly poolKeysPerOracle?: number;
  /** Oracles issue tokens together; absent: they do not. */
  readonly issuer?: IssuerOptions;
}

/** Pairs of names that cannot reach each other, in either order. */
export class Cuts {
  readonly #pairs = new Set<string>();

  add(a: string, b: string): void {
    this.#pairs.add(a < b ? `${a}|${b}` : `${b}|${a}`);
  }

  between(a: string, b: string): boolean {
    return this.#pairs.has(a < b ? `${a}|${b}` : `${b}|${a}`);
  }

  clear(): void {
    this.#pairs.clear();
  }
}
