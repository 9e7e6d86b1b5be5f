import { isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import { SimError } from "../core/index.ts";
import { type AgentProcess, checkTopology, SMALL } from "../world/index.ts";
import { OUTCOMES, type Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const ms = z.number().min(0, "a time is never negative").max(3_600_000, "at most an hour (3600000 ms)");
const share = z.number().min(0).max(0.9);
const who = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "a name of lower-case letters, digits and dashes");
const oracles = z.array(z.int().min(1).max(16)).min(1).max(16);

const times = z.int().min(1).max(1000).optional();
const boolean = z.boolean().optional();

/** What a step may be, by its verb: each has exactly one. */
const STEPS = {
  sign: z.strictObject({ sign: who, times }),
  wait_ms: z.strictObject({ wait_ms: ms }),
  ratchet: z.strictObject({ ratchet: who, times: z.int().min(1).max(100).optional() }),
  clone_memory: z.strictObject({ clone_memory: who, as: who, same_entropy: boolean }),
  clone_disk: z.strictObject({ clone_disk: who, as: who, safe_start: boolean }),
  crash: z.strictObject({ crash: z.union([who, oracles]) }),
  start: z.strictObject({ start: z.union([who, oracles]) }),
  partition: z.strictObject({
    partition: z.strictObject({ oracles, with: z.array(who).max(16).optional() }),
  }),
  heal: z.strictObject({ heal: z.literal(true) }),
  suppress: z.strictObject({ suppress: who }),
  deliver: z.strictObject({ deliver: who }),
} as const;
type Verb = keyof typeof STEPS;
type Step = { [V in Verb]: z.output<(typeof STEPS)[V]> }[Verb];

export const scenarioFile = z.strictObject({
  name: who,
  expected: z.enum(OUTCOMES),
  summary: z.string().max(500).optional(),
  topology: z.strictObject({ oracles: z.int(), quorum: z.int(), byzantine: z.int() }).optional(),
  heartbeat_ms: z.number().min(100).max(600_000).optional(),
  links: z
    .strictObject({
      delay_ms_min: ms,
      delay_ms_mean: ms,
      loss: share.optional(),
      duplicate: share.optional(),
      reorder: share.optional(),
    })
    .optional(),
  script: z.array(z.record(z.string(), z.unknown())).min(1).max(500),
});

function lineOf(root: Node | null, path: readonly PropertyKey[], lines: LineCounter): number {
  let node: Node | null = root;
  let best = root;
  for (const key of path) {
    const inner: unknown = isMap(node)
      ? (node.items.find((item) => isScalar(item.key) && item.key.value === key)?.key ?? undefined)
      : undefined;
    const value: unknown =
      node !== null && "get" in node
        ? (node as { get(k: unknown, keep: true): unknown }).get(key, true)
        : undefined;
    if (inner !== undefined) best = inner as Node;
    else if (value !== undefined) best = value as Node;
    node = (value as Node | undefined) ?? null;
    if (node === null) break;
  }
  return lines.linePos(best?.range?.[0] ?? 0).line;
}

/** Says where in the file a mistake is. */
type Fail = (path: readonly PropertyKey[], what: string) => never;

function failOn(error: z.ZodError, under: readonly PropertyKey[], fail: Fail): never {
  const [issue] = error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...under, ...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])];
  fail(path, unknown === undefined ? (issue?.message ?? "invalid") : "unknown field");
}

function readStep(raw: Readonly<Record<string, unknown>>, index: number, fail: Fail): Step {
  const keys = Object.keys(raw);
  const verb = keys.find((key): key is Verb => Object.hasOwn(STEPS, key));
  const at = ["script", index];
  if (verb === undefined)
    return fail([...at, ...keys.slice(0, 1)], `not a step; steps are ${Object.keys(STEPS).join(", ")}`);
  const parsed = STEPS[verb].safeParse(raw);
  return parsed.success ? parsed.data : failOn(parsed.error, at, fail);
}

/** Names and oracles that do not exist are mistakes in the file, not outcomes. */
function checkNames(script: readonly Step[], oracleCount: number, fail: Fail): void {
  const known = new Set(["victim"]);
  script.forEach((one, i) => {
    for (const [key, value] of Object.entries(one)) {
      const path = ["script", i, key];
      const inner = key === "partition" ? (value as { oracles: number[]; with?: string[] }) : undefined;
      const ids = inner?.oracles ?? (Array.isArray(value) ? (value as number[]) : []);
      const people = inner?.with ?? (typeof value === "string" && key !== "as" ? [value] : []);
      const absent = ids.find((id) => id > oracleCount);
      if (absent !== undefined) fail(path, `there is no oracle ${absent}, only 1 to ${oracleCount}`);
      const stranger = people.find((name) => !known.has(name));
      if (stranger !== undefined) fail(path, `nobody is called ${stranger} yet`);
    }
    if ("as" in one) {
      if (known.has(one.as)) fail(["script", i, "as"], `${one.as} is a name that is taken`);
      known.add(one.as);
    }
  });
}

/** Reads a user's scenario. Throws SimError with the line and the field of the first mistake. */
export function scenarioFromFile(source: string, file: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new SimError(
      "ERR_SIM_FILE",
      `${file}:${lines.linePos(broken.pos[0]).line}: ${broken.message.split("\n")[0] ?? ""}`,
    );
  const fail: Fail = (path, what) => {
    const line = lineOf(document.contents, path, lines);
    throw new SimError("ERR_SIM_FILE", `${file}:${line}: ${path.join(".") || "the document"}: ${what}`);
  };
  const parsed = scenarioFile.safeParse(document.toJS());
  if (!parsed.success) return failOn(parsed.error, [], fail);
  const script = parsed.data.script.map((raw, i) => readStep(raw, i, fail));
  const { name, expected, summary, topology, heartbeat_ms, links } = parsed.data;
  if (topology !== undefined)
    checkTopology(topology, `${file}:${lineOf(document.contents, ["topology"], lines)}: topology`);
  checkNames(script, topology?.oracles ?? SMALL.oracles, fail);
  return {
    number: 0,
    name,
    expected: [expected],
    summary: summary ?? name,
    setting: {
      ...(topology === undefined ? {} : { topology }),
      ...(heartbeat_ms === undefined ? {} : { heartbeatMs: heartbeat_ms }),
      ...(links === undefined
        ? {}
        : {
            links: {
              delayMsMin: links.delay_ms_min,
              delayMsMean: links.delay_ms_mean,
              loss: links.loss ?? 0,
              duplicate: links.duplicate ?? 0,
              reorder: links.reorder ?? 0,
            },
          }),
    },
    script: (stage) => play(stage, script),
  };
}

function play(stage: Stage, script: readonly Step[]): void {
  const { world } = stage;
  const people = new Map<string, AgentProcess>([["victim", stage.victim]]);
  const suppressed = new Set<string>();
  world.network.toOracle.push(({ agent }) => !suppressed.has(agent));
  const person = (name: string): AgentProcess => {
    const found = people.get(name);
    if (found === undefined) throw new SimError("ERR_SIM_FILE", `script: nobody is called ${name}`);
    return found;
  };
  for (const one of script) act(stage, one, people, suppressed, person);
  stage.settleDown();
}

function act(
  stage: Stage,
  one: Step,
  people: Map<string, AgentProcess>,
  suppressed: Set<string>,
  person: (name: string) => AgentProcess,
): void {
  const { world } = stage;
  if ("sign" in one)
    for (let i = 0; i < (one.times ?? 1); i++) stage.sign(person(one.sign), `message ${i}`, 5000);
  else if ("wait_ms" in one) stage.run(one.wait_ms);
  else if ("ratchet" in one) stage.ratchet(person(one.ratchet), one.times ?? 1);
  else if ("clone_memory" in one)
    people.set(one.as, stage.cloneMemory(person(one.clone_memory), one.same_entropy ?? false));
  else if ("clone_disk" in one) {
    const copy = stage.cloneDisk(person(one.clone_disk));
    people.set(one.as, copy);
    if (one.safe_start === false) copy.bootWithoutSafeStart();
    else copy.boot();
  } else if ("crash" in one)
    each(
      one.crash,
      (id) => world.oracle(id).crash(),
      (name) => person(name).crash(),
    );
  else if ("start" in one)
    each(
      one.start,
      (id) => world.oracle(id).boot(),
      (name) => person(name).boot(),
    );
  else if ("partition" in one) {
    const inside = new Set(one.partition.oracles);
    const left = [
      ...one.partition.oracles.map((id) => world.oracle(id).name),
      ...(one.partition.with ?? []).map((name) => person(name).name),
    ];
    const right = [...world.oracles.filter(({ id }) => !inside.has(id)), ...world.agents].map(
      ({ name }) => name,
    );
    world.cut(
      left,
      right.filter((name) => !left.includes(name)),
    );
  } else if ("heal" in one) world.heal();
  else if ("suppress" in one) suppressed.add(person(one.suppress).name);
  else suppressed.delete(person(one.deliver).name);
}

function each(target: string | number[], oracle: (id: number) => void, agent: (name: string) => void): void {
  if (typeof target === "string") agent(target);
  else for (const id of target) oracle(id);
}
