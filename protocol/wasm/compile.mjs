import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { argv, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/*
 * Compiles the AssemblyScript beside it and prints protocol/src/group/straus-module.ts, or writes it with --write.
 * The compiler is pinned, so that everyone gets the same bytes; a test compares them.
 */

const here = dirname(fileURLToPath(import.meta.url));
const options = "-O3 --converge --noAssert --runtime stub --enable simd --use abort=".split(" ");

async function compile() {
  let binary;
  const { error } = await asc.main(["index.ts", "--baseDir", here, "--outFile", "module.wasm", ...options], {
    stderr,
    readFile: (name) => readFile(join(here, name), "utf8").catch(() => null),
    writeFile: (_name, contents) => {
      binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw error ?? new Error("nothing was compiled");
  return Buffer.from(binary).toString("base64url");
}

const source = `/** protocol/wasm, compiled and in base64url. Generated: \`npm run wasm --workspace protocol\`. */
export const strausModule: string =
  "${await compile()}";
`;

if (argv.includes("--write")) await writeFile(join(here, "../src/group/straus-module.ts"), source);
else stdout.write(source);
