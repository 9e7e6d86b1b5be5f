import fc from "fast-check";

/** FC_RUNS sizes every property that does not set its own number of runs. */
const runs = Number(process.env["FC_RUNS"] ?? 100);
if (!Number.isSafeInteger(runs) || runs < 1) throw new Error("FC_RUNS must be a positive integer");

fc.configureGlobal({ numRuns: runs });
