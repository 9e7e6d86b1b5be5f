import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hrtime } from "node:process";
import { SimError } from "../core/index.ts";
import { ask, start } from "./programs.ts";

/** Disk clones can be staged with real processes; memory clones cannot. */
export const LIVE_SCENARIOS = ["clone-first", "victim-first", "restore-no-progress"] as const;
export type LiveScenario = (typeof LIVE_SCENARIOS)[number];

export interface LiveResult {
  readonly scenario: LiveScenario;
  readonly code: string;
  readonly expected: string;
  readonly detection_ms: number | null;
  readonly clone_signatures: number;
}

interface Stage {
  readonly dir: string;
  readonly children: ChildProcess[];
  readonly note: (text: string) => void;
}

function nowMs(): number {
  return Number(hrtime.bigint() / 1000n) / 1000;
}

function failed(answer: Record<string, unknown>): string | undefined {
  const error = answer["error"] as { code?: string; message?: string } | undefined;
  return error === undefined ? undefined : `${error.code ?? ""} ${error.message ?? ""}`;
}

async function need(
  program: "ipse-oracle" | "ipse-agent",
  args: readonly string[],
): Promise<Record<string, unknown>> {
  const answer = await ask(program, args);
  const why = failed(answer);
  if (why !== undefined)
    throw new SimError("ERR_SIM_LIVE", `${program} ${args.slice(0, 2).join(" ")}: ${why}`);
  return answer;
}

async function agent(stage: Stage, name: string): Promise<void> {
  const dir = join(stage.dir, name);
  const { child } = await start("ipse-agent", ["run", "--dir", dir], (line) =>
    /socket|running|ready|listening/i.test(line),
  );
  stage.children.push(child);
  stage.note(`agent ${name} runs`);
}

async function sign(stage: Stage, name: string): Promise<boolean> {
  const file = join(stage.dir, "message");
  writeFileSync(file, `signed by ${name}`);
  const answer = await ask("ipse-agent", ["sign", "--dir", join(stage.dir, name), "--file", file]);
  return typeof answer["signature"] === "string";
}

async function statusOf(stage: Stage): Promise<string> {
  const answer = await ask("ipse-oracle", ["instance", "list", "--dir", join(stage.dir, "cluster")]);
  const [first] = (answer["instances"] ?? []) as { status?: string }[];
  return first?.status ?? "unknown";
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function deploy(stage: Stage): Promise<void> {
  const cluster = join(stage.dir, "cluster");
  const { child } = await start(
    "ipse-oracle",
    ["dev", "--dir", cluster, "--port", "0", "--heartbeat-ms", "3000", "--json"],
    (line) => line.includes('"ready"'),
    120_000,
  );
  stage.children.push(child);
  stage.note("four oracles are ready");
  await need("ipse-oracle", [
    "workload",
    "create",
    "spiffe://dev.ipse/live",
    "--allow-raw",
    "--dir",
    cluster,
  ]);
  const ticket = await need("ipse-oracle", ["ticket", "create", "spiffe://dev.ipse/live", "--dir", cluster]);
  const join_ = ticket["join"] ?? ticket["join_uri"] ?? ticket["uri"];
  if (typeof join_ !== "string") throw new SimError("ERR_SIM_LIVE", "the ticket has no join URI");
  await need("ipse-agent", ["enroll", "--join", join_, "--dir", join(stage.dir, "victim")]);
  await agent(stage, "victim");
  if (!(await sign(stage, "victim"))) throw new SimError("ERR_SIM_LIVE", "the victim cannot sign");
  stage.note("the victim signs");
}

async function act(stage: Stage, scenario: LiveScenario): Promise<LiveResult> {
  const copy = (): void =>
    cpSync(join(stage.dir, "victim"), join(stage.dir, "copy"), {
      recursive: true,
      filter: (path) => !path.endsWith(".sock"),
    });
  copy();
  stage.note("the state directory is copied");
  if (scenario === "victim-first") await sign(stage, "victim");
  if (scenario === "restore-no-progress") stage.children.at(-1)?.kill("SIGTERM");
  await wait(200);
  const started = nowMs();
  await agent(stage, "copy");
  const signatures = (await sign(stage, "copy")) ? 1 : 0;
  stage.note(signatures > 0 ? "the copy signs" : "the copy is refused");
  let status = "active";
  const benign = scenario === "restore-no-progress";
  for (const end = nowMs() + (benign ? 4000 : 20_000); nowMs() < end && status === "active"; ) {
    await wait(50);
    status = await statusOf(stage);
  }
  const detected = status !== "active";
  const code = status === "revoked" ? "HARD" : detected ? "SOFT" : benign ? "OK" : "NONE";
  const expected = benign ? "OK" : scenario === "victim-first" ? "SOFT" : "HARD";
  return {
    scenario,
    code,
    expected,
    detection_ms: detected ? Math.round(nowMs() - started) : null,
    clone_signatures: signatures,
  };
}

/** Plays one scenario on real processes over loopback. Nothing is left running or behind. */
export async function playLive(
  scenario: LiveScenario,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<LiveResult> {
  const stage: Stage = { dir: mkdtempSync(join(tmpdir(), "ipse-live-")), children: [], note };
  const end = (): void => {
    for (const child of [...stage.children].reverse()) child.kill("SIGTERM");
  };
  signal.addEventListener("abort", end);
  try {
    await deploy(stage);
    return await act(stage, scenario);
  } finally {
    end();
    signal.removeEventListener("abort", end);
    await Promise.all(
      stage.children.map((child) =>
        child.exitCode !== null || child.signalCode !== null
          ? undefined
          : Promise.race([new Promise((resolve) => child.once("exit", resolve)), wait(5000)]),
      ),
    );
    rmSync(stage.dir, { recursive: true, force: true });
  }
}
