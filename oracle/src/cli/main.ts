import { runCli } from "./program.ts";

// First of all: nothing this process creates is for others (LevelDB would write 0644).
process.umask(0o077);
// The code is set, not exited with: what was printed must reach a slow pipe.
process.exitCode = await runCli(process.argv.slice(2));
