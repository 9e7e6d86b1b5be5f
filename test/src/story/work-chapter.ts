import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, signatureVerifies } from "../processes/index.ts";
import { type ApiReply, callWithPass, getPass, type Pass } from "./call-api.ts";
import { ms, SPIFFE_ID, type Stage, short, type Workload } from "./stage.ts";

const MESSAGE = Buffer.from("the original was here");
const HEARTBEAT_MS_MIN = 2000;
/** A copy must be able to start and act within one heartbeat; this many times what a start takes here. */
const STARTS_PER_HEARTBEAT = 3;
/** A key or a registration that gossip has not carried everywhere yet. */
const API_TRIES = 5;
const API_RETRY_MS = 1000;

async function enroll({ cluster, timeline }: Stage, agent: Agent): Promise<number> {
  const join = await timeline.during("making a ticket", () => cluster.joinUri(SPIFFE_ID));
  const startMs = timeline.elapsedMs;
  await timeline.step(
    "an agent enrolls with its ticket",
    () => agent.enroll(join),
    ({ instance, kid }) =>
      `an agent enrolled with a one-time ticket: instance ${short(String(instance))}, key ${short(String(kid))}`,
  );
  return timeline.elapsedMs - startMs;
}

async function signOnce({ timeline }: Stage, agent: Agent): Promise<void> {
  const sign = async (): Promise<void> => {
    const key = await agent.publicKey();
    const { signature, code } = await agent.sign(MESSAGE);
    if (signature === undefined) throw new Error(`the agent did not sign: ${code}`);
    if (!signatureVerifies(key, MESSAGE, signature)) throw new Error("the signature does not verify");
  };
  const tell = () =>
    "it signed with a key no machine holds; node:crypto verifies the plain Ed25519 signature";
  await timeline.step("the first signature", sign, tell);
}

/** Calls until the API says 200, or for some seconds; every call with a proof of its own. */
async function callApi(stage: Stage, agent: Agent, first: Pass): Promise<ApiReply> {
  let reply = await callWithPass(stage, first);
  for (let tries = 1; reply.status !== 200 && tries < API_TRIES; tries++) {
    await sleep(API_RETRY_MS);
    reply = await callWithPass(stage, await getPass(stage, agent));
  }
  return reply;
}

/** A workload lives its ordinary life: it enrolls, signs, gets a token, calls an API. */
export async function workChapter(stage: Stage, attempt: number): Promise<Workload> {
  const { timeline, dir } = stage;
  timeline.heading("2  The workload");
  const agent = new Agent(join(dir, attempt === 1 ? "agent" : `agent-${attempt}`));
  const enrollMs = await enroll(stage, agent);
  const wanted = Math.max(HEARTBEAT_MS_MIN, enrollMs * STARTS_PER_HEARTBEAT) * attempt;
  const heartbeatMs = Math.ceil(wanted / 500) * 500;
  await timeline.step(
    "the agent starts",
    () => agent.start(["--heartbeat-ms", `${heartbeatMs}`]),
    ({ pid }) => `its agent runs (process ${pid}), one heartbeat about every ${ms(heartbeatMs)}`,
  );
  await signOnce(stage, agent);
  const pass = await timeline.step(
    "getting an access token",
    () => getPass(stage, agent),
    () => "it got an access token that is bound to a DPoP key",
  );
  const reply = await timeline.step(
    "calling the API",
    () => callApi(stage, agent, pass),
    ({ status, why }) => `the API answered ${status}${why === "" ? "" : ` (${why})`}`,
  );
  const { instance } = await agent.status();
  return {
    agent,
    instance: String(instance),
    key: await agent.publicKey(),
    heartbeatMs,
    token: pass.token,
    resourceStatus: reply.status,
  };
}
