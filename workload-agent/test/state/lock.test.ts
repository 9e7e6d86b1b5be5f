import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { lockDirectory } from "../../src/state/index.ts";
import { tempDir } from "../tools/temp-dir.ts";

const refused = { code: "ERR_AGENT_RUNNING" };

/** A socket file without a process, as a killed agent leaves it. */
async function deadSocket(path: string): Promise<void> {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child: ChildProcess = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  expect(existsSync(path)).toBe(true);
}

describe("the lock of a directory", () => {
  it("keeps a second writer out until it is released", async () => {
    const dir = tempDir();
    const first = await lockDirectory(dir);
    await expect(lockDirectory(dir)).rejects.toMatchObject(refused);
    first.release();
    const second = await lockDirectory(dir);
    second.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("holds for another way to the same directory", async () => {
    const dir = tempDir();
    const lock = await lockDirectory(dir);
    onTestFinished(() => lock.release());
    const other = join(tempDir(), "link");
    symlinkSync(dir, other);
    await expect(lockDirectory(other)).rejects.toMatchObject(refused);
  });

  it("does not travel with a copy", async () => {
    const dir = tempDir();
    const lock = await lockDirectory(dir);
    onTestFinished(() => lock.release());
    const copy = join(tempDir(), "copy");
    mkdirSync(copy);
    // What `cp -a` makes of the socket: a socket file that nobody listens on.
    for (const name of readdirSync(dir)) await deadSocket(join(copy, name));
    const second = await lockDirectory(copy);
    second.release();
    await expect(lockDirectory(dir)).rejects.toMatchObject(refused);
  });

  it("is not fooled by plain files of its name", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "lock-0123456789abcdef.sock"), "");
    const lock = await lockDirectory(dir);
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("survives the death of its holder", async () => {
    const dir = tempDir();
    await deadSocket(join(dir, "lock-0123456789abcdef.sock"));
    const lock = await lockDirectory(dir);
    expect(readdirSync(dir)).toHaveLength(1);
    lock.release();
  });

  it("has one winner at most, and one in the end, among many that start at once", async () => {
    const dir = tempDir();
    await deadSocket(join(dir, "lock-00000000000000aa.sock"));
    let holders = 0;
    let most = 0;
    const contend = async (): Promise<void> => {
      const lock = await lockDirectory(dir).catch(() => undefined);
      if (lock === undefined) return;
      holders++;
      most = Math.max(most, holders);
      await new Promise((resolve) => setTimeout(resolve, 20));
      holders--;
      lock.release();
    };
    await Promise.all(Array.from({ length: 8 }, contend));
    expect(most).toBeLessThanOrEqual(1);
    await contend();
    expect(most).toBe(1);
  });

  it("works where the path is too long for a socket address", async () => {
    const dir = join(tempDir(), "d".repeat(120));
    mkdirSync(dir);
    const lock = await lockDirectory(dir);
    await expect(lockDirectory(dir)).rejects.toMatchObject(refused);
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("counts a holder that does not answer as alive", async () => {
    const dir = tempDir();
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(join(dir, "lock-0123456789abcdef.sock"), resolve));
    onTestFinished(() => void server.close());
    await expect(lockDirectory(dir)).rejects.toMatchObject(refused);
  });
});
