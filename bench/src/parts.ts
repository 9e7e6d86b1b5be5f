import type { Group } from "@ipse/protocol/group";
import { dkgPart } from "./dkg/part.ts";
import type { BenchOptions, Part } from "./options.ts";
import type { Findings } from "./report.ts";
import { signingPart } from "./signing/part.ts";

type Runner = (group: Group, options: BenchOptions) => Promise<Findings>;
const nothing: Runner = async () => ({ ratios: {}, figures: {} });

export const PART_RUNNERS: Readonly<Record<Part, Runner>> = {
  signing: signingPart,
  dkg: dkgPart,
  oracle: nothing,
  cluster: nothing,
  tokens: nothing,
  growth: nothing,
};
