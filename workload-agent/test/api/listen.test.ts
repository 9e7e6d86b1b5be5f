import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { closeApi, listenOnSocket, type SignatureReport, workloadApi } from "../../src/api/index.ts";
import { callAgent } from "../../src/cli/api-client.ts";
import { agentStub, STATUS, serve } from "../tools/agent-stub.ts";
import { tempDir } from "../tools/temp-dir.ts";
import { until } from "../tools/until.ts";

describe("the agent's socket", () => {
  it("is the owner's alone", async () => {
    const path = join(tempDir(), "agent.sock");
    await serve(path, agentStub());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await callAgent(path, "GET", "/v1/status")).toEqual(STATUS);
  });

  it("is refused while somebody listens on it", async () => {
    const path = join(tempDir(), "agent.sock");
    await serve(path, agentStub());
    await expect(serve(path, agentStub())).rejects.toMatchObject({ code: "ERR_AGENT_RUNNING" });
    expect(await callAgent(path, "GET", "/v1/status")).toEqual(STATUS);
  });

  it("replaces one that nobody listens on any more", async () => {
    const path = join(tempDir(), "agent.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(existsSync(path)).toBe(true);
    await serve(path, agentStub());
    expect(await callAgent(path, "GET", "/v1/status")).toEqual(STATUS);
  });

  it("takes the place of nothing that is no socket", async () => {
    const path = join(tempDir(), "precious");
    writeFileSync(path, "precious");
    await expect(serve(path, agentStub())).rejects.toMatchObject({ code: "ERR_SOCKET_PATH" });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  it("is not cut off by the kernel: a long path is refused", async () => {
    const path = join(tempDir(), "s".repeat(120));
    const refused = { code: "ERR_SOCKET_PATH", message: expect.stringContaining("at most") };
    await expect(serve(path, agentStub())).rejects.toMatchObject(refused);
    expect(existsSync(path)).toBe(false);
  });
});

describe("a caller", () => {
  it("learns that no agent runs", async () => {
    const path = join(tempDir(), "agent.sock");
    await expect(callAgent(path, "GET", "/v1/status")).rejects.toMatchObject({
      code: "ERR_AGENT_NOT_RUNNING",
    });
  });

  it("gets the agent's errors back as they were", async () => {
    const path = join(tempDir(), "agent.sock");
    await serve(path, agentStub());
    const refused = { code: "ERR_NOT_ENROLLED", message: "not here" };
    await expect(callAgent(path, "GET", "/v1/identity")).rejects.toMatchObject(refused);
  });
});

describe("the end of an agent", () => {
  it("lets requests under way finish, and cuts off what takes too long", async () => {
    const path = join(tempDir(), "agent.sock");
    const ends: (() => void)[] = [];
    const sign = () =>
      new Promise<SignatureReport>((resolve) =>
        ends.push(() => resolve({ signature: new Uint8Array(64), seq: 1 })),
      );
    const server = workloadApi(agentStub({ sign }));
    await listenOnSocket(server, path);
    const finished = callAgent(path, "POST", "/v1/sign", { payload: "AA" });
    const cut = callAgent(path, "POST", "/v1/sign", { payload: "AA" });
    cut.catch(() => undefined);
    await until("both are under way", () => ends.length === 2);
    const closed = closeApi(server, 200);
    ends[0]?.();
    await expect(finished).resolves.toMatchObject({ seq: 1 });
    await expect(cut).rejects.toMatchObject({ code: "ERR_AGENT_NOT_RUNNING" });
    await closed;
    expect(existsSync(path)).toBe(false);
  });
});
