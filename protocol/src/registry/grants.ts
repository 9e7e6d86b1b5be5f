import type { Workload } from "./statement.ts";

/** RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export function isScopeToken(scope: string): boolean {
  return SCOPE_TOKEN.test(scope);
}

/** The tokens of a scope parameter; undefined when it is not one (doubled spaces, a token twice, foreign characters). */
export function parseScope(scope: string): readonly string[] | undefined {
  const tokens = scope.split(" ");
  return tokens.every(isScopeToken) && new Set(tokens).size === tokens.length ? tokens : undefined;
}

/** Whether every token of a scope parameter is one of the workload's scopes. */
export function grantsScope(workload: Workload, scope: string): boolean {
  return parseScope(scope)?.every((token) => workload.scopes.includes(token)) ?? false;
}

/** Whether the workload may ask for tokens for this resource (RFC 8707): exactly a URL of its list. */
export function grantsResource(workload: Workload, resource: string): boolean {
  return workload.resources.includes(resource);
}
