import { parseArgs } from "node:util";
import { loadConfig } from "@ipse/oracle/config";
import { type Substitutes, startOracle, tuneEngine, untilSignal } from "@ipse/oracle/process";
import { openMemoryStore } from "./memory-store.ts";
import { nobleGroup } from "./noble-group.ts";

// One oracle process, as `ipse-oracle run` is, with another group backend or a store that forgets.
const { values } = parseArgs({
  options: {
    config: { type: "string", default: "oracle.yaml" },
    group: { type: "string", default: "default" },
    store: { type: "string", default: "level" },
  },
});

const substitutes: Substitutes = {
  ...(values.group === "noble" ? { group: nobleGroup } : {}),
  ...(values.store === "memory" ? { openStore: openMemoryStore } : {}),
};
tuneEngine();
const oracle = await startOracle(loadConfig(values.config), substitutes);
await untilSignal(oracle, true);
