import { loadGroup } from "@ipse/protocol/group";
import { type BenchOptions, readOptions, USAGE, UsageError } from "./options.ts";
import { PART_RUNNERS } from "./parts.ts";
import { asText, type Findings, merge } from "./report.ts";

async function run(options: BenchOptions): Promise<void> {
  const { group, warning } = await loadGroup();
  if (warning !== undefined) console.error(`bench: ${warning}`);
  const findings: Findings[] = [];
  for (const part of options.parts) {
    const from = performance.now();
    if (!options.json) console.error(`bench: ${part} ...`);
    findings.push(await PART_RUNNERS[part](group, options));
    if (!options.json)
      console.error(`bench: ${part} took ${Math.round((performance.now() - from) / 1000)} s`);
  }
  const all = merge(findings);
  const line = JSON.stringify({ node: process.versions.node, ...all });
  console.log(options.json ? line : asText(all));
}

try {
  await run(readOptions(process.argv.slice(2)));
} catch (error) {
  const usage = error instanceof UsageError;
  console.error(usage ? `${error.message}\n${USAGE}` : error);
  process.exitCode = usage ? 2 : 1;
}
