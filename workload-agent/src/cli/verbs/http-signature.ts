import { toBase64Url } from "@ipse/protocol";
import { contentDigest } from "@ipse/protocol/http-signature";
import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { readInput } from "../input.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

const report = z.looseObject({ headers: z.record(z.string(), z.string()) });
/** Longer content stays here: its digest goes to the agent instead. */
const BODY_BYTES_MAX = 8 * 1024;

/** "Name: value" lines, by name; a name several times is a list. */
function parseHeaders(lines: readonly string[]): Record<string, string[]> {
  const out = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw usageError('--header must be "Name: value"');
    const key = name.toLowerCase();
    out.set(key, [...(out.get(key) ?? []), value]);
  }
  return Object.fromEntries(out);
}

function contentOf(path: string | undefined): { readonly body?: string; readonly digest?: string } {
  if (path === undefined) return {};
  const bytes = readInput(path, "the body");
  return bytes.length <= BODY_BYTES_MAX ? { body: toBase64Url(bytes) } : { digest: contentDigest(bytes) };
}

/** `http-signature`: the header fields that sign one request (RFC 9421, RFC 9530), one per line as curl takes them. */
export const httpSignatureVerb = verb({
  name: "http-signature",
  description: "Sign an HTTP request; prints the header fields to add",
  args: {
    ...agentArgs,
    url: { type: "string", required: true, description: "URL of the request", valueHint: "URL" },
    method: { type: "string", description: "Its method (default GET)", valueHint: "METHOD" },
    header: {
      type: "string",
      multiple: true,
      description: 'A field of the request, "Name: value"; may stand several times',
      valueHint: "FIELD",
    },
    body: { type: "string", description: 'Its content, or "-" for standard input', valueHint: "F" },
    component: {
      type: "string",
      multiple: true,
      description: "What to cover instead of the usual; may stand several times",
      valueHint: "NAME",
    },
    key: { type: "string", description: "ephemeral (default) or threshold", valueHint: "KEY" },
    resource: {
      type: "string",
      description: "Use the key of the access token for this API",
      valueHint: "URL",
    },
    scope: { type: "string", description: "Scopes of that token, separated by spaces" },
  },
  run: async (args, all) => {
    const { url, method = "GET", key, resource, scope } = args;
    const { body, digest } = contentOf(args.body);
    const given = parseHeaders(all("header"));
    const headers = digest === undefined ? given : { ...given, "content-digest": digest };
    const chosen = all("component");
    const components = chosen.length === 0 ? undefined : chosen;
    const wish = { method, url, headers, body, components, key, resource, scope };
    const answer = await callAgent(socketOf(args), "POST", "/v1/http-signature", wish);
    const fields = Object.entries({
      ...(digest === undefined ? {} : { "content-digest": digest }),
      ...report.parse(answer).headers,
    });
    const json = { ...answer, headers: Object.fromEntries(fields) };
    return { json, text: fields.map(([name, value]) => `${name}: ${value}`).join("\n") };
  },
});
