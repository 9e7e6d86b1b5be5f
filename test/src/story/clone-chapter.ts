import { readdirSync } from "node:fs";
import { Agent, copyDir, until } from "../processes/index.ts";
import { getPass, type Pass } from "./call-api.ts";
import { CopyAtWork } from "./copy-at-work.ts";
import { ms, type Stage, type Workload } from "./stage.ts";

export interface CloneFacts {
  readonly agent: Agent;
  readonly detectionMs: number;
  readonly signatures: number;
  readonly assertion: string | undefined;
  /** The original's token, with a proof nobody has used yet. */
  readonly pass: Pass;
}

const SUSPENSIONS = ["fork.suspected", "fork.detected"];
const LATE = ["ERR_INSTANCE_STALE", "ERR_INSTANCE_QUARANTINED"];

/** The moment after a heartbeat: a copy made now is at the head for nearly a whole interval. */
async function nextStep(agent: Agent): Promise<void> {
  const seq = async (): Promise<number> => Number((await agent.status())["seq"]);
  const before = await seq();
  await until(async () => (await seq()) > before, { what: "the original's next heartbeat", everyMs: 20 });
}

async function startCopy({ timeline }: Stage, work: Workload): Promise<Agent> {
  const copy = new Agent(`${work.agent.dir}-copy`);
  await timeline.step(
    "copying the agent's directory",
    () => copyDir(work.agent.dir, copy.dir),
    () => `its state directory was copied with cp -r (${readdirSync(copy.dir).length} entries, keys and all)`,
  );
  await timeline.step(
    "a second agent starts from the copy",
    () => copy.start(["--heartbeat-ms", `${work.heartbeatMs}`]),
    ({ pid }) => `a second agent runs from the copy (process ${pid})`,
  );
  return copy;
}

/** When the copy's first STEP left, on the machine's clock. */
async function firstStepMs(copy: Agent): Promise<number> {
  const events = await copy.events();
  const first = events.find(({ event }) => event["event"] === "session.first-step");
  if (first === undefined) throw new Error("the copy never sent a step");
  return first.time_ms;
}

async function untilSuspended({ cluster }: Stage, { instance }: Workload): Promise<number> {
  const first = await until(() => cluster.eventsAbout(instance, SUSPENSIONS)[0], {
    what: "the detection of the copy",
    everyMs: 100,
    timeoutMs: 120_000,
  });
  return first.timeMs;
}

async function untilEverybodyKnows({ cluster, timeline }: Stage, { instance }: Workload): Promise<void> {
  const everybody = async (): Promise<boolean> => {
    const oracles = cluster.eventsAbout(instance, ["fork.detected"]).map(({ oracle }) => oracle);
    return new Set(oracles).size === cluster.oracles.length;
  };
  await timeline.step(
    "the evidence spreads",
    () => until(everybody, { what: "the evidence at every oracle" }),
    () => `all ${cluster.oracles.length} oracles hold the evidence; the instance is revoked for ever`,
  );
}

/**
 * The directory is copied and a second agent started from it, which acts first; both go on. Resolves with what
 * came of it; undefined when this machine was too slow and the copy found itself behind.
 */
export async function cloneChapter(stage: Stage, work: Workload): Promise<CloneFacts | undefined> {
  const { timeline } = stage;
  timeline.heading("3  The copy");
  await timeline.during("waiting for the original's next heartbeat", () => nextStep(work.agent));
  const pass = await getPass(stage, work.agent);
  const agent = await startCopy(stage, work);
  const copy = new CopyAtWork(agent, work.key);
  const refused = await timeline.during("the copy acts first", () => copy.sign());
  if (refused !== undefined && LATE.includes(refused)) {
    timeline.alarm(`the original was faster: the copy found itself behind and got nothing (${refused})`);
    return undefined;
  }
  if (refused === undefined)
    timeline.done("the copy acted first: its signature verifies like the original's");
  await copy.stockUp(stage);
  const untilOver = async () => {
    const [suspendedMs] = await Promise.all([untilSuspended(stage, work), copy.goOn()]);
    return suspendedMs;
  };
  const suspendedMs = await timeline.during("both go on as if they were alone", untilOver);
  const detectionMs = suspendedMs - (await firstStepMs(agent));
  timeline.alarm(
    `the fork was detected ${ms(detectionMs)} after the copy's first step; the copy got ${copy.signatures} signatures`,
  );
  await untilEverybodyKnows(stage, work);
  const { signatures, assertion } = copy;
  return { agent, detectionMs, signatures, assertion, pass };
}
