import { join } from "node:path";
import { IpseError } from "@ipse/protocol";
import { describe, expect, it } from "vitest";
import type { AgentService } from "../../src/api/index.ts";
import { proxyVerb } from "../../src/cli/verbs/proxy.ts";
import { agentCredentials } from "../../src/proxy/index.ts";
import { agentStub, STATUS, serve } from "../tools/agent-stub.ts";
import { runVerb } from "../tools/run-verb.ts";
import { tempDir } from "../tools/temp-dir.ts";

const options = { resource: "https://api.example", scope: "read", dpop: true, origin: "https://api.example" };

async function from(more: Partial<AgentService>) {
  const socket = join(tempDir(), "s.sock");
  await serve(socket, agentStub(more));
  return agentCredentials({ socket, ...options });
}
const throwing = (code: string) => (): never => {
  throw new IpseError(code, "why");
};

describe("credentials of a running agent", () => {
  it("are a token and a proof with the newest nonce", async () => {
    const seen: object[] = [];
    const credentials = await from({
      token: async (query) => {
        seen.push(query);
        const grant = { accessToken: "at", tokenType: "DPoP", lifetimeMs: 1, scope: undefined } as const;
        return { grant, key: undefined, expiresInMs: 1000 };
      },
      proof: async (_token, { method, url, nonce }) => `${method} ${url} ${nonce ?? "-"}`,
    });
    const url = "https://api.example/things";
    const authorization = "DPoP at";
    expect(await credentials.for("PUT", url)).toEqual({ authorization, dpop: `PUT ${url} -` });
    credentials.learn("n1");
    credentials.learn(undefined);
    expect(await credentials.for("GET", url)).toEqual({ authorization, dpop: `GET ${url} n1` });
    expect(seen[0]).toMatchObject({ resource: "https://api.example", scope: "read", dpop: true });
  });

  it.each([
    ["ERR_INSTANCE_REVOKED", "revoked"],
    ["ERR_INSTANCE_STALE", "quarantined"],
    ["ERR_OAUTH_INVALID_TARGET", "policy"],
    ["ERR_OAUTH_INVALID_CLIENT", "issuer"],
    ["ERR_QUORUM_UNREACHABLE", "unreachable"],
  ])("fail with %s: %s", async (code, reason) => {
    const credentials = await from({ token: throwing(code) });
    const problem = { status: 503, code, reason };
    await expect(credentials.for("GET", "https://api.example/")).rejects.toMatchObject(problem);
  });

  it("fail when no agent listens", async () => {
    const credentials = agentCredentials({ socket: join(tempDir(), "none.sock"), ...options });
    const problem = { status: 503, code: "ERR_AGENT_NOT_RUNNING", reason: "agent" };
    await expect(credentials.for("GET", "https://api.example/")).rejects.toMatchObject(problem);
    await expect(credentials.check()).rejects.toMatchObject(problem);
  });

  it("are over when the agent says that the instance is", async () => {
    const served = await from({});
    await expect(served.check()).resolves.toBeUndefined();
    const code = "ERR_INSTANCE_REVOKED";
    const over = await from({ status: () => ({ ...STATUS, status: "revoked", code, detail: "over" }) });
    await expect(over.check()).rejects.toMatchObject({
      status: 503,
      code,
      reason: "revoked",
      message: "over",
    });
  });
});

describe("ipse-agent proxy", () => {
  const good = ["--dir", "/d", "--target", "https://api.example", "--resource", "https://api.example"];
  it.each([
    ["beyond loopback without saying so", ["--listen", "0.0.0.0:0"]],
    ["under a name that is not loopback", ["--listen", "example.org:80"]],
    ["nowhere", ["--listen", "8080"]],
  ])("does not listen %s", async (_name, more) => {
    await expect(runVerb(proxyVerb, [...good, ...more])).rejects.toMatchObject({ code: "ERR_USAGE" });
  });
});
