#!/usr/bin/env -S node --single-threaded-gc
// With a thread on every core, the collector's helper threads only take time from the runs.
import "../dist/cli/main.js";
