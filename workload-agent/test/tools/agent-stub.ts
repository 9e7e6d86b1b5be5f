import { IpseError } from "@ipse/protocol";
import { onTestFinished } from "vitest";
import { type AgentService, listenOnSocket, type StatusReport, workloadApi } from "../../src/api/index.ts";

export const STATUS: StatusReport = {
  status: "active",
  code: null,
  detail: null,
  spiffe_id: "spiffe://dev.ipse/a",
  instance: "00",
  kid: "k",
  seq: 7,
  share_version: 3,
  heartbeat_ms: 10_000,
  quorum: 3,
  connected: 4,
  oracles: [{ id: 1, connected: true, problem: null }],
  pid: 1,
  version: "0",
};

/** An agent that does what the test says, with nothing behind it. */
export function agentStub(more: Partial<AgentService> = {}): AgentService {
  const absent = (): never => {
    throw new IpseError("ERR_NOT_ENROLLED", "not here");
  };
  return {
    status: () => STATUS,
    identity: absent,
    events: () => [],
    sign: async () => ({ signature: new Uint8Array(64).fill(1), seq: 8 }),
    assertion: async () => "a.b.c",
    token: async () => absent(),
    proof: async () => undefined,
    leave: async () => undefined,
    ...more,
  };
}

/** Serves an agent on a socket for the length of a test. */
export async function serve(path: string, service: AgentService): Promise<void> {
  const server = workloadApi(service);
  onTestFinished(() => server.close());
  await listenOnSocket(server, path);
}
