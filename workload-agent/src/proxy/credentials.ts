import { IpseError } from "@ipse/protocol";
import { z } from "zod";
import { type Answer, callAgent } from "../cli/api-client.ts";
import { NonceCache } from "../tokens/dpop.ts";
import { noCredential } from "./problem.ts";

/** What the proxy puts on one request. */
export type Credential = Readonly<{ authorization: string; dpop?: string }>;

/** Where credentials come from; a fake in tests. */
export interface Credentials {
  /** For one request; asked again for every attempt, because a proof is good once. Throws ProxyProblem. */
  for(method: string, url: string): Promise<Credential>;
  /** What the target's DPoP-Nonce said (RFC 9449 section 8.2). */
  learn(nonce: string | undefined): void;
  /** Throws ProxyProblem when the instance is not served any more. */
  check(): Promise<void>;
}

export interface AgentCredentialOptions {
  readonly socket: string;
  readonly resource: string;
  readonly scope?: string | undefined;
  readonly dpop: boolean;
  /** Origin of the target, whose nonces these are. */
  readonly origin: string;
}

const answer = z.looseObject({
  access_token: z.string(),
  token_type: z.enum(["DPoP", "Bearer"]),
  dpop_proof: z.string().optional(),
});
const UNKNOWN = new IpseError("ERR_AGENT_ANSWER", "the agent answered with something unknown");
const state = z.looseObject({ code: z.string().nullable(), detail: z.string().nullable() });

/** Credentials from a running agent, over its socket: tokens from its cache, proofs by keys that never leave it. */
export function agentCredentials(options: AgentCredentialOptions): Credentials {
  const { socket, resource, scope, dpop, origin } = options;
  const nonces = new NonceCache(1);
  const ask = (method: "GET" | "POST", path: string, body?: object): Promise<Answer> =>
    callAgent(socket, method, path, body).catch((error: unknown) => {
      throw noCredential(error);
    });
  return {
    for: async (method, url) => {
      const proof = dpop ? { method, url, nonce: nonces.get(origin) } : undefined;
      const wish = { resource, scope, dpop, proof };
      const given = answer.safeParse(await ask("POST", "/v1/token", wish));
      if (!given.success) throw noCredential(UNKNOWN);
      const { access_token, token_type, dpop_proof } = given.data;
      const authorization = `${token_type} ${access_token}`;
      return dpop_proof === undefined ? { authorization } : { authorization, dpop: dpop_proof };
    },
    learn: (nonce) => nonces.learn(origin, nonce ?? null),
    check: async () => {
      const report = state.safeParse(await ask("GET", "/v1/status"));
      if (!report.success) throw noCredential(UNKNOWN);
      const { code, detail } = report.data;
      if (code !== null) throw noCredential(new IpseError(code, detail ?? code));
    },
  };
}
