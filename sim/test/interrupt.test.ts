import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";

const SIM = join(import.meta.dirname, "..", "bin", "ipse-sim.js");
const EXAMPLE = join(import.meta.dirname, "..", "examples", "night-shift.yaml");

/** The simulator, sent a SIGINT after this time; how it ended and what it printed. */
async function interrupted(args: readonly string[], afterMs: number) {
  const child = spawn(process.execPath, [SIM, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const exited = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  await sleep(afterMs);
  child.kill("SIGINT");
  // Who does not listen ends all the same.
  const killed = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const end = await exited;
  clearTimeout(killed);
  return { end, text };
}

/** The longer the busier the machine: it must have begun to count. */
const AFTER_MS = [1_500, 5_000, 20_000];

test.each([
  ["a campaign", ["run", "victim-first", "--threads", "1"]],
  ["a file of one's own", ["run", "--file", EXAMPLE]],
])("Ctrl-C prints what %s did so far", { timeout: 120_000 }, async (_what, command) => {
  const planned = 1_000_000;
  let seen: unknown;
  for (const afterMs of AFTER_MS) {
    const { end, text } = await interrupted([...command, "--runs", `${planned}`, "--json"], afterMs);
    const result = text === "" ? {} : (JSON.parse(text) as { runs?: number; planned_runs?: number });
    seen = {
      end,
      planned: result.planned_runs,
      some: (result.runs ?? 0) > 0 && (result.runs ?? 0) < planned,
    };
    if ((result.runs ?? 0) > 0) break;
  }
  expect(seen).toEqual({ end: 130, planned, some: true });
});

test("Ctrl-C ends a search and prints the bounds that were completed", { timeout: 120_000 }, async () => {
  const searched = (text: string) => (text === "" ? {} : JSON.parse(text)) as { completed?: number };
  let [end, text]: [unknown, string] = ["", ""];
  for (const afterMs of AFTER_MS) {
    ({ end, text } = await interrupted(["explore", "--states", "15000000", "--json"], afterMs));
    if (searched(text).completed !== undefined) break;
  }
  expect(end).toBe(130);
  expect(searched(text)).toMatchObject({ interrupted: true, violations: [] });
});
