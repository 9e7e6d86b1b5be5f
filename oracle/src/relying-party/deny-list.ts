import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";

/** Instances (hex) whose tokens are refused. `add` returns once the entry would survive a restart. */
export interface DenyList {
  has(instance: string): boolean;
  add(instance: string): void;
}

export function memoryDenyList(): DenyList {
  const denied = new Set<string>();
  return { has: (instance) => denied.has(instance), add: (instance) => void denied.add(instance) };
}

/** One instance per line, appended and synced before an event is acknowledged. */
export function fileDenyList(path: string): DenyList {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  const denied = new Set(lines.filter((line) => /^[0-9a-f]{64}$/.test(line)));
  return {
    has: (instance) => denied.has(instance),
    add(instance) {
      if (denied.has(instance)) return;
      const file = openSync(path, "a", 0o600);
      try {
        // A torn last line must not swallow the next one.
        appendFileSync(file, `\n${instance}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      denied.add(instance);
    },
  };
}
