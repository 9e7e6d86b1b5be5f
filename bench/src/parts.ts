import type { Group } from "@ipse/protocol/group";
import { clusterPart } from "./cluster/part.ts";
import { dkgPart } from "./dkg/part.ts";
import { growthPart } from "./growth/part.ts";
import type { BenchOptions, Part } from "./options.ts";
import type { Findings } from "./report.ts";
import { signingPart } from "./signing/part.ts";
import { tokensPart } from "./tokens/part.ts";

type Runner = (group: Group, options: BenchOptions) => Promise<Findings>;

export const PART_RUNNERS: Readonly<Record<Part, Runner>> = {
  signing: signingPart,
  dkg: dkgPart,
  cluster: clusterPart,
  growth: growthPart,
  tokens: tokensPart,
};
