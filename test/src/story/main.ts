process.stderr.write("npm start: the story is not built yet\n");
process.exitCode = 1;
