export { type Backend, type BackendOp, GroupCommitStore } from "./group-commit.ts";
export { inspectStore, migrateStore, type StoreReport } from "./inspect.ts";
export {
  checkVersion,
  type LevelStore,
  openDatabase,
  openLevelStore,
  STORE_VERSION,
  versionOf,
} from "./store-level.ts";
export { MemoryStore } from "./store-memory.ts";
