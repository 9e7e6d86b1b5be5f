import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { Agent, errorCodeOf, runVerb, type VerbResult } from "../src/processes/index.ts";
import { mountReadOnly, mountTiny } from "./support/mounts.ts";
import { layOut } from "./support/oracle-set.ts";
import { expectUnharmed, mustSign } from "./support/suspensions.ts";
import { sharedCluster, useWorld } from "./support/world.ts";

let agent: Agent;
const unmounts: (() => void)[] = [];
const world = useWorld(async (made) => {
  await sharedCluster(made);
  agent = await made.running();
});
afterAll(() => {
  for (const unmount of unmounts) unmount();
});

const run = (dir: string, ...more: string[]): Promise<VerbResult> =>
  runVerb("ipse-agent", ["run", "--dir", dir, ...more, "--json"]);

/** One clear sentence with a stable code, the right exit code, nothing on standard output, no stack trace. */
function expectRefused(result: VerbResult, exit: number, code: string): void {
  expect([result.code, errorCodeOf(result)], result.stderr).toEqual([exit, code]);
  expect(result.stdout).toBe("");
  expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
  const { error } = JSON.parse(result.stderr) as { error: { message: string } };
  expect(error.message.length).toBeGreaterThan(15);
}

/** A loud reason where a machine cannot show something. */
function skip(context: TestContext, why: string): never {
  process.stderr.write(`SKIPPED ${context.task.name}: ${why}\n`);
  return context.skip(why);
}

describe("a state file", () => {
  const spoils: readonly (readonly [string, string, number, (file: Buffer) => Buffer])[] = [
    ["cut off", "ERR_STATE_CORRUPT", 1, (file) => file.subarray(0, 100)],
    ["empty", "ERR_STATE_CORRUPT", 1, () => Buffer.alloc(0)],
    ["changed by a bit", "ERR_STATE_CORRUPT", 1, (file) => file.fill((file[200] ?? 0) ^ 1, 200, 201)],
    ["of a newer version", "ERR_STATE_NEWER", 2, (file) => file.fill(2, 9, 10)],
  ];
  it.each(spoils)("that is %s is refused with %s and left as it is", async (what, code, exit, spoil) => {
    const dir = world.path(`spoiled ${what}`);
    const good = readFileSync(join(agent.dir, "state"));
    cpSync(join(agent.dir, "state"), join(dir, "state"));
    const spoiled = spoil(Buffer.from(good));
    writeFileSync(join(dir, "state"), spoiled);
    expectRefused(await run(dir), exit, code);
    expect(readFileSync(join(dir, "state")).equals(spoiled)).toBe(true);
    expect(readdirSync(dir)).toEqual(["state"]);
  });

  it("that is not there is asked for", async () => {
    expectRefused(await run(world.path("nowhere")), 2, "ERR_STATE_DIRECTORY");
    expect(existsSync(world.path("nowhere"))).toBe(false);
  });
});

describe("an agent's directory", () => {
  it("serves one agent: the second is refused, the first goes on", async () => {
    expectRefused(await run(agent.dir), 1, "ERR_AGENT_RUNNING");
    expectRefused(await run(agent.dir, "--socket", world.path("other.sock")), 1, "ERR_AGENT_RUNNING");
    await expectUnharmed(world.cluster, agent);
  });

  it("does not fit into a socket's path", async () => {
    const socket = world.path("x".repeat(120));
    // Said before anything else is looked at.
    expectRefused(await run(agent.dir, "--socket", socket), 2, "ERR_SOCKET_PATH");
    await mustSign(agent, "the agent goes on");
  });

  it("behind a file is no directory", async () => {
    writeFileSync(world.path("file"), "");
    expectRefused(await run(join(world.path("file"), "x")), 2, "ERR_STATE_DIRECTORY");
  });

  it("that cannot be written is refused, and works once it can", async (context) => {
    const at = world.path("read-only");
    const unmount = mountReadOnly(agent.dir, at);
    if (unmount === undefined) skip(context, "this user may not mount");
    unmounts.push(unmount);
    await agent.stop();
    expectRefused(await run(at), 2, "ERR_STATE_PERMISSION");
    await agent.start();
    await expectUnharmed(world.cluster, agent);
  });
});

describe("a full disk", () => {
  const fill = (dir: string): void => {
    const chunk = Buffer.alloc(4096, 1);
    const file = join(dir, "filler");
    try {
      for (;;) writeFileSync(file, chunk, { flag: "a" });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
  };

  it("stops an agent with one sentence; with room again it goes on where it was", async (context) => {
    const disk = world.path("disk");
    const unmount = mountTiny(disk, 256 * 1024);
    if (unmount === undefined) skip(context, "this user may not mount");
    unmounts.push(unmount);
    const full = new Agent(join(disk, "agent"), world.path("full.log"));
    fill(disk);
    const env = { IPSE_JOIN_URI: await world.ticket() };
    // Said at once, and not only at the end of the time an enrollment may take.
    const options = { env, timeoutMs: 25_000 };
    const enroll = () => runVerb("ipse-agent", ["enroll", "--dir", full.dir, "--json"], options);
    expectRefused(await enroll(), 1, "ERR_STATE_DISK_FULL");
    rmSync(join(disk, "filler"));
    const second = await enroll();
    expect(second.code, second.stderr).toBe(0);

    const daemon = await full.start();
    await mustSign(full, "while there is room");
    // Whoever asks now gets no answer: a step that is not on the disk never leaves. What was being written while the disk
    // filled up may replace its file and leave room for the next: then it is filled again.
    let answered = true;
    for (let tries = 0; answered && tries < 5; tries++) {
      fill(disk);
      answered = await full.sign(Buffer.from("no room")).then(
        () => true,
        () => false,
      );
    }
    expect(answered).toBe(false);
    expect(await daemon.exited).toBe(1);
    const words = readFileSync(full.logFile, "utf8").trimEnd().split("\n").at(-1);
    expect(JSON.parse(words ?? "")).toMatchObject({ error: { code: "ERR_STATE_DISK_FULL" } });
    rmSync(join(disk, "filler"));
    await full.start();
    await expectUnharmed(world.cluster, full);
    await full.stop();
  });

  it("keeps an oracle from starting, with one sentence", async (context) => {
    const disk = world.path("oracle-disk");
    const unmount = mountTiny(disk, 64 * 1024);
    if (unmount === undefined) skip(context, "this user may not mount");
    unmounts.push(unmount);
    fill(disk);
    const dir = world.path("laid-out");
    await layOut(dir);
    const config = join(dir, "oracle-1/oracle.yaml");
    writeFileSync(config, `${readFileSync(config, "utf8")}store_dir: ${disk}/store\n`);
    const refused = await runVerb("ipse-oracle", ["run", "--config", config, "--json"]);
    expect(refused.code).toBe(1);
    expect(errorCodeOf(refused), refused.stderr).toMatch(/^ERR_(STORE|SYSTEM)/);
    expect(refused.stderr).not.toMatch(/^\s+at /m);
  });
});

describe("a port that is taken", () => {
  it("is named", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const words = ["dev", "--dir", world.path("taken"), "--port", `${port}`, "--json"];
    expectRefused(await runVerb("ipse-oracle", words), 1, "ERR_PORT_TAKEN");
    server.close();
  });
});

describe("a command line", () => {
  const lines: readonly (readonly ["ipse-agent" | "ipse-oracle", string, number, string])[] = [
    ["ipse-agent", "run --dir x --nope", 2, "ERR_USAGE"],
    ["ipse-agent", "status --dir nowhere", 1, "ERR_AGENT_NOT_RUNNING"],
    ["ipse-oracle", "dev --nope", 2, "ERR_USAGE"],
    ["ipse-oracle", "run --config nowhere.yaml", 2, "ERR_CONFIG"],
  ];
  it.each(lines)("%s %s: exit %i, %s", async (program, line, exit, code) => {
    expectRefused(await runVerb(program, [...line.split(" "), "--json"], { cwd: world.dir }), exit, code);
  });

  it("asks for what the policy does not allow: exit 6; a used ticket: exit 1", async () => {
    const join = await world.ticket({ allowRaw: false });
    const strict = new Agent(world.path("strict"));
    await strict.enroll(join);
    await strict.start();
    const file = world.path("message");
    writeFileSync(file, "raw");
    expectRefused(await strict.verb(["sign", "--file", file]), 6, "ERR_POLICY_RAW");
    const elsewhere = ["token", "--resource", "http://127.0.0.1:9/elsewhere"];
    expectRefused(await strict.verb(elsewhere), 6, "ERR_ASSERTION_RESOURCE");
    const again = ["enroll", "--dir", world.path("again"), "--json"];
    const used = await runVerb("ipse-agent", again, { env: { IPSE_JOIN_URI: join } });
    expectRefused(used, 1, "ERR_TICKET_USED");
    await strict.stop();
  });
});
