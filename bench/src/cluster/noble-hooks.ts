import type { InitializeHook, ResolveHook } from "node:module";
import type { MessagePort } from "node:worker_threads";

/** All of it as URLs. */
export interface Replacement {
  /** The module that is replaced, and by which. */
  readonly module: string;
  readonly by: string;
  /** Those that get the other one. */
  readonly importers: readonly string[];
  /** Is told of each importer that got it. */
  readonly told: MessagePort;
}

let replacement: Replacement | undefined;

export const initialize: InitializeHook<Replacement> = (data) => {
  replacement = data;
};

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const resolved = await nextResolve(specifier, context);
  const { parentURL = "" } = context;
  if (resolved.url !== replacement?.module || !replacement.importers.includes(parentURL)) return resolved;
  replacement.told.postMessage(parentURL);
  return { ...resolved, url: replacement.by };
};
