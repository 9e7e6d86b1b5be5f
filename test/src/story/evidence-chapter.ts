import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runVerb } from "../processes/index.ts";
import type { StoryResult } from "./result.ts";
import type { Stage, Workload } from "./stage.ts";

/** The evidence is fetched and verified by a process that talks to nobody. */
export async function evidenceChapter(
  stage: Stage,
  { instance }: Workload,
): Promise<StoryResult["evidence"]> {
  const { timeline, cluster, dir } = stage;
  timeline.heading("4  The proof");
  const file = join(dir, "evidence.bin");
  const bytes = await timeline.step(
    "fetching the evidence",
    async () => {
      const shown = await cluster.json(["evidence", "show", instance]);
      const evidence = Buffer.from(String(shown["evidence"]), "base64url");
      writeFileSync(file, evidence, { mode: 0o600 });
      return evidence.length;
    },
    (length) =>
      `the evidence has ${length.toLocaleString("en-US")} bytes: two steps of one number, both signed`,
  );
  const verify = async (): Promise<boolean> => {
    const { code, stdout } = await runVerb("ipse-oracle", [
      ...["evidence", "verify", file],
      ...["--roster", cluster.roster, "--json"],
    ]);
    if (code !== 0) return false;
    const verdict = JSON.parse(stdout) as { valid?: boolean; instance?: string };
    return verdict.valid === true && verdict.instance === instance;
  };
  const verified = await timeline.step("verifying it offline", verify, (valid) =>
    valid ? "verified offline, with nothing but the roster: the state lived twice" : "it does NOT verify",
  );
  return { verified, bytes };
}
