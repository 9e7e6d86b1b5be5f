import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { httpSignatureVerb } from "../../src/cli/verbs/http-signature.ts";
import { wimseVerb } from "../../src/cli/verbs/wimse.ts";
import { serve } from "../tools/agent-stub.ts";
import { keyAgent } from "../tools/key-agent.ts";
import { runVerb } from "../tools/run-verb.ts";
import { tempDir } from "../tools/temp-dir.ts";

async function setUp() {
  const dir = tempDir();
  const socket = join(dir, "s.sock");
  await serve(socket, keyAgent().service);
  const body = join(dir, "body");
  const sign = (...more: string[]) =>
    runVerb(httpSignatureVerb, ["--socket", socket, "--url", "https://b.example/x", ...more]);
  return { socket, body, sign };
}

describe("ipse-agent http-signature", () => {
  it.each([10, 100_000])("prints header fields for a content of %d bytes", async (length) => {
    const { body, sign } = await setUp();
    writeFileSync(body, "x".repeat(length));
    const out = await sign("--method", "POST", "--body", body, "--header", "X-A: 1", "--header", "x-a: 2");
    const names = out
      .trim()
      .split("\n")
      .map((line) => line.split(":")[0]);
    expect(names).toEqual(["content-digest", "workload-identity-token", "signature-input", "signature"]);
    expect(out).toContain('"content-digest"');
  });

  it("covers what it is told to", async () => {
    const { sign } = await setUp();
    const field = ["--header", "X-A: 1", "--component", "x-a", "--component", "@authority"];
    const { headers } = JSON.parse(await sign("--json", "--key", "threshold", ...field));
    expect(headers["signature-input"]).toContain('ipse=("x-a" "@authority");');
  });

  it.each([[["--key", "mine"]], [["--component", "x-absent"]], [["--header", "nonsense"]]])(
    "refuses %j",
    async (more) => {
      const { sign } = await setUp();
      const code = expect.stringMatching(/^ERR_(USAGE|REQUEST|HTTP_SIGNATURE)$/);
      await expect(sign(...more)).rejects.toMatchObject({ code });
    },
  );
});

describe("ipse-agent wimse", () => {
  it("prints both tokens as header fields", async () => {
    const { socket } = await setUp();
    const out = await runVerb(wimseVerb, ["--socket", socket, "--audience", "https://b.example/x"]);
    expect(out).toMatch(/^Workload-Identity-Token: ey\S+\nAuthorization: WPT ey\S+\n$/);
  });
});
