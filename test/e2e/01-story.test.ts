import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const STORY = fileURLToPath(new URL("../dist/story/main.js", import.meta.url));

test("the story of npm start catches the copy, proves it and locks it out", {
  timeout: 180_000,
}, async () => {
  expect(existsSync(STORY)).toBe(true);
  const { stdout } = await run(process.execPath, [STORY, "--json"], { timeout: 170_000 });
  const line: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(line).toEqual({
    story: "clone-detected",
    oracles: 4,
    quorum: 3,
    token: { issued: true, resource_status: 200 },
    clone: { detected: true, detection_ms: expect.any(Number), signatures_obtained: expect.any(Number) },
    evidence: { verified: true, bytes: expect.any(Number) },
    after: {
      original_sign: "revoked",
      clone_sign: "revoked",
      token: "refused",
      introspection_active: false,
      resource_status: 401,
    },
  });
});
