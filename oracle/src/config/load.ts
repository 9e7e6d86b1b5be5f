import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { IpseError } from "@ipse/protocol";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { type Config, configSchema, formatAddress, isLoopback } from "./schema.ts";

const CONFIG_BYTES_MAX = 256 * 1024;
const REFERENCE = /\$\{([^}]*)\}/g;

export interface LoadedConfig {
  readonly config: Config;
  /** The file it came from, absolute; relative paths in it start at its directory. */
  readonly file: string;
  readonly dir: string;
}

/** A path from the file, as an absolute one. */
export function inConfigDir(loaded: Pick<LoadedConfig, "dir">, path: string): string {
  return resolve(loaded.dir, path);
}

function fail(file: string, line: number | undefined, message: string): never {
  const where = line === undefined ? file : `${file}:${line}`;
  throw new IpseError("ERR_CONFIG", `${where}: ${message}`);
}

/** Replaces `${NAME}` in the scalars, after YAML was parsed: a value cannot bring structure with it. */
function expandEnvironment(doc: Document, file: string, lines: LineCounter, env: NodeJS.ProcessEnv): void {
  visit(doc, {
    Scalar(key, node) {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
      const line = lines.linePos(node.range?.[0] ?? 0).line;
      const expanded = node.value.replace(REFERENCE, (_all, name: string) => {
        const value = env[name];
        if (value === undefined) fail(file, line, `the environment variable ${name} is not set`);
        return value;
      });
      const plain = node.type === "PLAIN";
      const typed = plain && /^(-?[0-9]+|true|false)$/.test(expanded) && REFERENCE.test(node.value);
      REFERENCE.lastIndex = 0;
      node.value = typed ? (JSON.parse(expanded) as unknown) : expanded;
    },
  });
}

/** The line of a path's key; where the path has no node, of the nearest one above. */
function lineOf(doc: Document, path: readonly PropertyKey[], lines: LineCounter): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? doc.contents : doc.getIn(path.slice(0, length - 1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === path[length - 1])
      : undefined;
    const node = isScalar(pair?.key) ? pair.key : doc.getIn(path.slice(0, length), true);
    const range = isNode(node) ? node.range : undefined;
    if (range?.[0] !== undefined) return lines.linePos(range[0]).line;
  }
  return undefined;
}

/** The document as plain values; aliases could grow without bound, so there are none. */
function toValues(doc: Document, file: string): unknown {
  try {
    return doc.toJS({ maxAliasCount: 0 }) ?? {};
  } catch {
    return fail(file, undefined, "YAML aliases are not supported");
  }
}

function problem(doc: Document, file: string, lines: LineCounter, error: z.ZodError): never {
  const [issue] = error.issues;
  if (issue === undefined) return fail(file, undefined, "invalid");
  if (issue.code === "unrecognized_keys") {
    const path = [...issue.path, issue.keys[0] ?? ""];
    return fail(file, lineOf(doc, path, lines), `unknown key ${path.map(String).join(".")}`);
  }
  const path = issue.path.map(String).join(".");
  return fail(file, lineOf(doc, issue.path, lines), `${path === "" ? "" : `${path}: `}${issue.message}`);
}

/** Rules between keys that a schema does not say. */
function checkTogether(config: Config, file: string): void {
  const plaintext = (listener: { listen: Config["local"]["listen"]; tls?: unknown }, key: string): void => {
    if (listener.tls !== undefined || isLoopback(listener.listen.host)) return;
    const at = formatAddress(listener.listen);
    fail(file, undefined, `${key}.listen: ${at} is not loopback, so ${key}.tls is required (no plaintext)`);
  };
  plaintext(config.session, "session");
  if (config.oauth !== undefined) plaintext(config.oauth, "oauth");
  else if (config.session.tls !== undefined)
    fail(
      file,
      undefined,
      "oauth: required when the session listener has TLS (its certificate is pinned, OAuth needs WebPKI)",
    );
  if (!isLoopback(config.local.listen.host))
    fail(file, undefined, `local.listen: ${formatAddress(config.local.listen)} is not loopback`);
}

/** Parses the text of a configuration. Throws ERR_CONFIG naming file, line and key. */
export function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv = {}): Config {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, version: "1.2" });
  const [syntax] = doc.errors;
  if (syntax !== undefined)
    fail(file, syntax.linePos?.[0].line, syntax.message.split("\n")[0]?.replace(/ at line.*/, "") ?? "");
  expandEnvironment(doc, file, lines, env);
  const parsed = configSchema.safeParse(toValues(doc, file));
  if (!parsed.success) return problem(doc, file, lines, parsed.error);
  checkTogether(parsed.data, file);
  return parsed.data;
}

/** Reads a configuration file. Throws ERR_CONFIG. */
export function loadConfig(path: string, env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw new IpseError("ERR_CONFIG", `cannot read ${file} (${code})`, { cause });
  }
  if (text.length > CONFIG_BYTES_MAX) fail(file, undefined, "the file is too long");
  return { config: parseConfig(text, file, env), file, dir: dirname(file) };
}
