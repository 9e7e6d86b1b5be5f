import { parseArgs } from "node:util";
import { loadConfig } from "@ipse/oracle/config";
import { startOracle, tuneEngine, untilSignal } from "@ipse/oracle/process";

// One oracle process, as `ipse-oracle run` is, with rate limits that one machine's clients do not reach.
const { values } = parseArgs({ options: { config: { type: "string", default: "oracle.yaml" } } });
const RATE = 1_000_000;

const loaded = loadConfig(values.config);
const limits = {
  ...loaded.config.limits,
  oauth_requests_per_second_per_address: RATE,
  oauth_requests_per_second_per_client: RATE,
};
tuneEngine();
const oracle = await startOracle({ ...loaded, config: { ...loaded.config, limits } });
await untilSignal(oracle, true);
