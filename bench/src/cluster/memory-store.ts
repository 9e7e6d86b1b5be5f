import { type Backend, GroupCommitStore, type LevelStore } from "@ipse/oracle/store";

/** The oracle's store over a Map: everything but the disk. For `oracle_durable_vs_memory` alone. */
export async function openMemoryStore(options: {
  readonly fatal: (error: Error) => void;
}): Promise<LevelStore> {
  const values = new Map<string, Uint8Array>();
  const backend: Backend = {
    get: (key) => values.get(key)?.slice(),
    keys: async (prefix, limit, after = "") =>
      [...values.keys()]
        .filter((key) => key.startsWith(prefix) && key > after)
        .sort()
        .slice(0, limit),
    write: async (ops) => {
      for (const { key, value } of ops) {
        if (value === undefined) values.delete(key);
        else values.set(key, value.slice());
      }
    },
  };
  const store = new GroupCommitStore(backend, [], options.fatal);
  return { store, close: async () => undefined };
}
