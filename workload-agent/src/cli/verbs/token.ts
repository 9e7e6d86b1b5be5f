import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

const report = z.looseObject({ access_token: z.string(), dpop_proof: z.string().optional() });

/** `token`: an access token; with --proof-url also the DPoP proof for one call. */
export const tokenVerb = verb({
  name: "token",
  description: "Get an access token for a resource (cached by the agent)",
  args: {
    ...agentArgs,
    resource: { type: "string", required: true, description: "The API's URL", valueHint: "URL" },
    scope: { type: "string", description: "Scopes, separated by spaces" },
    issuer: {
      type: "string",
      description: "Another authorization server than the cluster",
      valueHint: "URL",
    },
    exchange: {
      type: "string",
      description: "Exchange a token of the cluster at this token service (RFC 8693)",
      valueHint: "URL",
    },
    "exchange-audience": {
      type: "string",
      description: "What that service calls itself (default: its URL)",
      valueHint: "URL",
    },
    dpop: {
      type: "boolean",
      default: true,
      description: "Bind the token to a key that stays in the agent",
      negativeDescription: "A bearer token: whoever holds it can use it",
    },
    "proof-url": {
      type: "string",
      description: "Also make a DPoP proof for a call to this URL",
      valueHint: "URL",
    },
    "proof-method": {
      type: "string",
      description: "HTTP method of that call (default GET)",
      valueHint: "METHOD",
    },
    "proof-nonce": { type: "string", description: "DPoP nonce the API asked for", valueHint: "NONCE" },
  },
  run: async (args) => {
    const { resource, scope, issuer, exchange: service } = args;
    if (service !== undefined && issuer !== undefined)
      throw usageError("give --issuer or --exchange, not both");
    const exchange =
      service === undefined ? undefined : { url: service, audience: args["exchange-audience"] };
    const dpop = args.dpop && exchange === undefined;
    const url = args["proof-url"];
    const proof =
      url === undefined
        ? undefined
        : { method: args["proof-method"] ?? "GET", url, nonce: args["proof-nonce"] };
    if (proof !== undefined && !dpop)
      throw usageError("--proof-url makes no sense without a DPoP-bound token");
    const answer = await callAgent(socketOf(args), "POST", "/v1/token", {
      resource,
      scope,
      issuer,
      dpop,
      exchange,
      proof,
    });
    const { access_token, dpop_proof } = report.parse(answer);
    const text = dpop_proof === undefined ? access_token : `${access_token}\n${dpop_proof}`;
    return { json: answer, text };
  },
});
