import type { Agent } from "../processes/index.ts";
import { SCOPE, type Stage } from "./stage.ts";

export interface Pass {
  readonly token: string;
  readonly proof: string;
}

export interface ApiReply {
  readonly status: number;
  readonly why: string;
}

/** The workload asks its agent for a token and a fresh proof for one call. Throws when it is refused. */
export async function getPass({ api }: Stage, agent: Agent): Promise<Pass> {
  const { status, json } = await agent.api("POST", "/v1/token", {
    resource: api.resource,
    scope: SCOPE,
    proof: { method: "GET", url: api.resource },
  });
  if (status !== 200) throw new Error(`no token: ${String(json["detail"])} (${String(json["code"])})`);
  if (json["token_type"] !== "DPoP") throw new Error("the token is not bound to a DPoP key");
  return { token: String(json["access_token"]), proof: String(json["dpop_proof"]) };
}

/** Calls the API the way RFC 9449 section 7.1 says. */
export async function callWithPass({ api }: Stage, { token, proof }: Pass): Promise<ApiReply> {
  const answer = await fetch(api.resource, { headers: { authorization: `DPoP ${token}`, dpop: proof } });
  const { error_description } = (await answer.json()) as { error_description?: string };
  return { status: answer.status, why: error_description ?? "" };
}
