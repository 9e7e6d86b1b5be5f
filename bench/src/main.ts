process.stderr.write("npm run bench: the benchmarks are not built yet\n");
process.exitCode = 1;
