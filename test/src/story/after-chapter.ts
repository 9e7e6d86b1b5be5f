import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AgreedIntrospection } from "@ipse/oracle/relying-party";
import { type Agent, errorCodeOf } from "../processes/index.ts";
import { callWithPass } from "./call-api.ts";
import type { CloneFacts } from "./clone-chapter.ts";
import type { StoryResult } from "./result.ts";
import { SCOPE, type Stage, type Workload } from "./stage.ts";

const REVOKED_EXIT = 3;

/** How `ipse-agent sign` ends now. */
async function signAgain(agent: Agent, file: string): Promise<string> {
  const result = await agent.verb(["sign", "--file", file]);
  if (result.code === 0) return "signed";
  const code = errorCodeOf(result) ?? `exit ${result.code}`;
  return code === "ERR_INSTANCE_REVOKED" && result.code === REVOKED_EXIT ? "revoked" : code;
}

/** Whether an agent still hands out tokens. */
async function agentGives({ api }: Stage, agent: Agent): Promise<boolean> {
  return (await agent.verb(["token", "--resource", api.resource, "--scope", SCOPE])).code === 0;
}

/** Whether any oracle still takes an assertion that was signed before the copy was caught. */
async function oraclesTake({ cluster, api }: Stage, assertion: string): Promise<boolean> {
  const form = {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
    resource: api.resource,
    scope: SCOPE,
  };
  const statuses = await Promise.all(
    cluster.oracles.map(async ({ url }) => {
      const answer = await fetch(new URL("/oauth2/token", url), {
        method: "POST",
        body: new URLSearchParams(form),
      });
      await answer.body?.cancel();
      return answer.status;
    }),
  );
  return statuses.includes(200);
}

async function anyToken(stage: Stage, original: Agent, clone: CloneFacts): Promise<boolean> {
  const given = await Promise.all([
    agentGives(stage, original),
    agentGives(stage, clone.agent),
    clone.assertion === undefined ? false : oraclesTake(stage, clone.assertion),
  ]);
  return given.includes(true);
}

/** Nobody can show which copy is the real one: both are refused, everywhere. */
export async function afterChapter(
  stage: Stage,
  work: Workload,
  clone: CloneFacts,
): Promise<StoryResult["after"]> {
  const { timeline, api, trust, dir } = stage;
  timeline.heading("5  Afterwards");
  const file = join(dir, "message");
  writeFileSync(file, "once more");
  const [original_sign, clone_sign] = await timeline.step(
    "both are asked to sign",
    () => Promise.all([signAgain(work.agent, file), signAgain(clone.agent, file)]),
    ([original, copy]) => `asked to sign again: the original is ${original}, the copy is ${copy}`,
  );
  const token = (await timeline.step(
    "both ask for a token",
    () => anyToken(stage, work.agent, clone),
    (issued) =>
      issued ? "somebody still got a token" : "no tokens any more, not even for an assertion signed before",
  ))
    ? "issued"
    : "refused";
  const { oracles, roster, secret: credential } = trust;
  const introspection = new AgreedIntrospection({ oracles, roster, resource: api.resource, credential });
  const introspection_active = await timeline.step(
    "introspection",
    () => introspection.active(work.token),
    (active) => `introspection of the token that was issued: ${active ? "active" : "inactive"}`,
  );
  const { status } = await timeline.step(
    "the original calls the API",
    () => callWithPass(stage, clone.pass),
    (reply) => `the API answered ${reply.status}${reply.why === "" ? "" : ` (${reply.why})`}`,
  );
  return { original_sign, clone_sign, token, introspection_active, resource_status: status };
}
