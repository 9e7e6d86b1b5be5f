import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { verb } from "../verb.ts";

/** `assertion`: a client assertion (RFC 7523) for an authorization server. */
export const assertionVerb = verb({
  name: "assertion",
  description: "Make a client assertion for an authorization server",
  args: {
    ...agentArgs,
    audience: { type: "string", required: true, description: "The server's issuer URL", valueHint: "ISS" },
    scope: { type: "string", description: "Own issuer only: the scope it may be used for" },
    resource: {
      type: "string",
      description: "Own issuer only: the resource it may be used for",
      valueHint: "URL",
    },
    jkt: { type: "string", description: "Own issuer only: thumbprint of the DPoP key", valueHint: "JKT" },
  },
  run: async (args) => {
    const { audience, scope, resource, jkt } = args;
    const answer = await callAgent(socketOf(args), "POST", "/v1/assertion", {
      audience,
      scope,
      resource,
      jkt,
    });
    const { assertion } = z.looseObject({ assertion: z.string() }).parse(answer);
    return { json: { assertion }, text: assertion };
  },
});
