import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wrapState } from "../../src/state/envelope.ts";
import {
  directoryState,
  eraseStateFile,
  openDirectory,
  peekCluster,
  readStateFile,
  storageError,
} from "../../src/state/index.ts";
import { tempDir } from "../tools/temp-dir.ts";

const cluster = Uint8Array.of(9, 9);
const bytes = (text: string) => new TextEncoder().encode(text);

function save(dir: string, text: string): Promise<Error | undefined> {
  return new Promise((resolve) => directoryState(dir, cluster).save(bytes(text), resolve));
}

describe("the state file", () => {
  it("gives back what was saved, beside the cluster", async () => {
    const dir = tempDir();
    expect(readStateFile(dir)).toBeUndefined();
    expect(await save(dir, "one")).toBeUndefined();
    expect(await save(dir, "two")).toBeUndefined();
    expect(readStateFile(dir)).toEqual({ cluster, state: bytes("two") });
    expect(peekCluster(dir)).toEqual(cluster);
  });

  it("is private, alone in its directory", async () => {
    const dir = tempDir();
    await save(dir, "secret");
    expect(statSync(join(dir, "state")).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["state"]);
  });

  it("writes saves in the order in which they were asked for", async () => {
    const dir = tempDir();
    const file = directoryState(dir, cluster);
    const done: number[] = [];
    for (let i = 0; i < 20; i++) file.save(bytes(`${i}`), () => done.push(i));
    await file.idle();
    expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(file.load()).toEqual(bytes("19"));
  });

  it("does not keep the caller's buffer", async () => {
    const dir = tempDir();
    const file = directoryState(dir, cluster);
    const state = bytes("kept");
    const saved = new Promise((resolve) => file.save(state, resolve));
    state.fill(0);
    await saved;
    expect(file.load()).toEqual(bytes("kept"));
  });

  it("keeps the old state when the new one cannot be written", async () => {
    const dir = tempDir();
    await save(dir, "old");
    // A directory in the way of the temp file: the write fails before anything is replaced.
    const file = directoryState(dir, cluster);
    mkdirSync(join(dir, "state.tmp/in-the-way"), { recursive: true });
    const error = await new Promise((resolve) => file.save(bytes("new"), resolve));
    expect(error).toMatchObject({ code: "ERR_STATE_IO" });
    rmSync(join(dir, "state.tmp"), { recursive: true });
    expect(readStateFile(dir)?.state).toEqual(bytes("old"));
  });

  it("shreds a temp file that a crash left behind", async () => {
    const dir = tempDir();
    await save(dir, "whole");
    writeFileSync(join(dir, "state.tmp"), "half a secret");
    expect(readStateFile(dir)?.state).toEqual(bytes("whole"));
    expect(existsSync(join(dir, "state.tmp"))).toBe(false);
  });

  it("can be erased", async () => {
    const dir = tempDir();
    await save(dir, "secret");
    eraseStateFile(dir);
    expect(readdirSync(dir)).toEqual([]);
    eraseStateFile(dir);
  });
});

describe("a damaged state file", () => {
  const damaged: [string, (file: Uint8Array) => Uint8Array, string][] = [
    ["empty", () => new Uint8Array(), "cut off"],
    ["cut off", (file) => file.slice(0, -1), "cut off"],
    ["cut off in its head", (file) => file.slice(0, 20), "cut off"],
    ["longer", (file) => Uint8Array.of(...file, 0), "something follows"],
    ["foreign", (file) => file.map((byte, i) => (i === 0 ? byte ^ 1 : byte)), "not an agent's state"],
    [
      "rotten at its end",
      (file) => file.map((byte, i) => (i === file.length - 1 ? byte ^ 1 : byte)),
      "checksum",
    ],
    ["rotten in its cluster", (file) => file.map((byte, i) => (i === 50 ? byte ^ 1 : byte)), "checksum"],
    ["too long to be one", () => new Uint8Array(17 * 1024 * 1024), "damaged"],
  ];

  it.each(damaged)("%s: one clear sentence, nothing changed", (_name, damage, sentence) => {
    const dir = tempDir();
    const file = damage(wrapState({ cluster, state: bytes("secret state") }));
    writeFileSync(join(dir, "state"), file);
    expect(() => readStateFile(dir)).toThrow(expect.objectContaining({ code: "ERR_STATE_CORRUPT" }));
    expect(() => readStateFile(dir)).toThrow(sentence);
    expect(() => readStateFile(dir)).toThrow(dir);
    expect(Buffer.from(readFileSync(join(dir, "state"))).equals(file)).toBe(true);
  });

  it("newer: says so, nothing changed", () => {
    const dir = tempDir();
    const file = wrapState({ cluster, state: bytes("x") });
    file[9] = 2;
    writeFileSync(join(dir, "state"), file);
    expect(() => readStateFile(dir)).toThrow(expect.objectContaining({ code: "ERR_STATE_NEWER" }));
    expect(Buffer.from(readFileSync(join(dir, "state"))).equals(file)).toBe(true);
  });
});

describe("the agent directory", () => {
  it("is made private, with its parents", () => {
    const dir = join(tempDir(), "a/b");
    expect(openDirectory(dir, true)).toBe(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it("is made private when it was open", () => {
    const dir = tempDir();
    chmodSync(dir, 0o755);
    openDirectory(dir, false);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it("must be one", () => {
    const dir = tempDir();
    writeFileSync(join(dir, "file"), "");
    const refused = expect.objectContaining({ code: "ERR_STATE_DIRECTORY" });
    expect(() => openDirectory(join(dir, "absent"), false)).toThrow(refused);
    expect(() => openDirectory(join(dir, "file"), true)).toThrow(refused);
    expect(() => openDirectory(join(dir, "file/below"), true)).toThrow(refused);
  });

  it.each([
    ["ENOSPC", "ERR_STATE_DISK_FULL"],
    ["EDQUOT", "ERR_STATE_DISK_FULL"],
    ["EACCES", "ERR_STATE_PERMISSION"],
    ["EROFS", "ERR_STATE_PERMISSION"],
    ["EIO", "ERR_STATE_IO"],
  ])("says what %s means", (errno, code) => {
    const error = storageError(Object.assign(new Error("x"), { code: errno }), "the state file", "/a/state");
    expect(error).toMatchObject({ code, message: expect.stringContaining("/a/state") });
  });
});
