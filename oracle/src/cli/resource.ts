import { createHash } from "node:crypto";
import { IpseError, toBase64Url } from "@ipse/protocol";
import { CREDENTIAL_BYTES } from "@ipse/protocol/oauth";
import { type Command, InvalidArgumentError } from "commander";
import { findResources, openCluster, state } from "../operator/index.ts";
import { systemEntropy } from "../ports/system.ts";
import {
  enough,
  type OperatorOptions,
  submittedJson,
  submittedText,
  warnFailed,
  withCluster,
} from "./cluster-options.ts";
import { print, table, warn } from "./output.ts";
import { group, verb } from "./verb.ts";

interface CreateOptions extends OperatorOptions {
  readonly push?: string;
}

function urlOf(args: readonly string[]): string {
  const [url = ""] = args;
  if (/^https?:\/\/[^\s#]+$/.test(url)) return url;
  throw new IpseError("ERR_USAGE", "expected an http(s) URL without fragment");
}

function pushUrl(value: string): string {
  if (/^https?:\/\/[^\s#]+$/.test(value)) return value;
  throw new InvalidArgumentError("expected an http(s) URL without fragment");
}

async function create(args: readonly string[], options: CreateOptions): Promise<undefined> {
  const url = urlOf(args);
  const cluster = await openCluster(options);
  const secret = systemEntropy.random(CREDENTIAL_BYTES);
  const credential = toBase64Url(secret);
  const credentialHash = new Uint8Array(createHash("sha256").update(secret).digest());
  const submitted = await state(cluster, { kind: "resource", url, deleted: false, credentialHash });
  const { push } = options;
  if (push !== undefined) await state(cluster, { kind: "receiver", url, deleted: false, pushUrl: push });
  const text = [
    `${url}: ${submittedText(cluster, submitted)}`,
    "Introspection credential, shown this once (HTTP Basic: the URL form-encoded, then this):",
    credential,
  ].join("\n");
  print(options.json ?? false, { url, credential, ...submittedJson(submitted) }, text);
  return undefined;
}

async function list(_args: readonly string[], options: OperatorOptions): Promise<undefined> {
  const cluster = await openCluster(options);
  const { merged, failed } = await findResources(cluster, enough(cluster));
  const resources = merged.agreed.map(({ value }) => value);
  const disputed = merged.disputed.map(({ key, claims }) => ({
    url: key,
    said_by: claims.flatMap((one) => one.saidBy),
  }));
  if (options.json !== true) {
    warnFailed(failed);
    for (const { url } of disputed) warn(`the oracles do not agree (yet) about ${url}`);
  }
  print(
    options.json ?? false,
    { resources, disputed, failed },
    table(
      ["URL"],
      resources.map(({ url }) => [url]),
    ),
  );
  return undefined;
}

export function resourceVerbs(program: Command): void {
  const resource = group(program, "resource", "register servers that accept tokens");
  verb<CreateOptions>(
    resource,
    "create <url>",
    "register a server and print its new introspection credential",
    (command) =>
      withCluster(command).option(
        "--push <url>",
        "push revocations there as security events (RFC 8935); without it the server polls (RFC 8936)",
        pushUrl,
      ),
    create,
  );
  verb<OperatorOptions>(resource, "list", "the resources on which b+1 oracles agree", withCluster, list);
}
