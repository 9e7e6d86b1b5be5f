import type { Command } from "commander";
import type { Cluster, ClusterOptions, Refusal, Submitted } from "../operator/index.ts";
import { warn } from "./output.ts";
import { type CommonOptions, each } from "./verb.ts";

export type OperatorOptions = CommonOptions & ClusterOptions;

/** Adds the options by which an operator says which cluster is meant. */
export function withCluster(command: Command): Command {
  return command
    .option("--dir <dir>", "a dev cluster's directory (default: ./ipse-dev)")
    .option("--roster <file>", "the cluster's roster.json with its endpoints")
    .option(
      "--operator-key <file>",
      "an operator's private JWK; repeat it where m operators must sign",
      each,
    );
}

/** b+1: among so many oracles one at least is honest. */
export function enough({ roster }: Cluster): number {
  return roster.byzantineMax + 1;
}

/** How a statement fared, for --json. */
export function submittedJson({ acceptedBy, refusedBy }: Submitted): Record<string, unknown> {
  return { accepted_by: acceptedBy, refused_by: refusedBy };
}

/** The same for people. */
export function submittedText(cluster: Cluster, { acceptedBy, refusedBy }: Submitted): string {
  for (const { oracle, message } of refusedBy) warn(`oracle ${oracle}: ${message}`);
  return `accepted by ${acceptedBy.length} of ${cluster.roster.oracles.length} oracles`;
}

export function warnFailed(failed: readonly Refusal[]): void {
  for (const { oracle, message } of failed) warn(`oracle ${oracle} did not answer: ${message}`);
}
