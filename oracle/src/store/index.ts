export { type Backend, type BackendOp, GroupCommitStore } from "./group-commit.ts";
export { inspectStore, type StoreReport } from "./inspect.ts";
export { migrateStore } from "./migrate.ts";
export {
  checkVersion,
  type LevelStore,
  levelBackend,
  openDatabase,
  openLevelStore,
  STORE_VERSION,
  versionOf,
} from "./store-level.ts";
export { MemoryStore } from "./store-memory.ts";
