import { execFile, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sharedCluster, useWorld } from "./support/world.ts";

const OPENSSL = spawnSync("openssl", ["version"]).status === 0;

describe.runIf(OPENSSL)("the verify command of `ipse-agent identity`", () => {
  const world = useWorld(sharedCluster);

  it("accepts what the agent signed, with openssl alone, and nothing else", async () => {
    const agent = await world.running();
    const file = world.path("a file");
    writeFileSync(file, "signed by nobody in particular\n");
    const { signature } = JSON.parse((await agent.verb(["sign", "--file", file])).stdout) as {
      signature: string;
    };
    const { verify } = JSON.parse((await agent.verb(["identity"])).stdout) as { verify: string };
    const run = (env: Record<string, string>): Promise<number> =>
      new Promise((resolve) => {
        const options = { cwd: world.dir, env: { ...process.env, ...env } };
        execFile("sh", ["-c", verify], options, (error) => resolve(error === null ? 0 : Number(error.code)));
      });
    expect(await run({ FILE: file, SIGNATURE: signature })).toBe(0);
    const spoiled = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
    expect(await run({ FILE: file, SIGNATURE: spoiled })).not.toBe(0);
    writeFileSync(file, "signed by somebody else\n");
    expect(await run({ FILE: file, SIGNATURE: signature })).not.toBe(0);
  });
});
