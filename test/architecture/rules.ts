/** The house rules a machine can check, as pure functions of the sources, so that they can be shown to fail. */

export interface SourceFile {
  /** From the repository root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const linesMax = 400;

/** The arrows: which of our packages each package's source may import. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  oracle: ["protocol"],
  "workload-agent": ["protocol"],
  sim: ["protocol"],
  test: ["protocol", "oracle", "workload-agent", "sim"],
  bench: ["protocol", "oracle", "workload-agent", "sim"],
};

/** Test tools stay out of what is compiled to dist. */
const testOnly = /^(vitest|fast-check)(\/|$)/;

const protocolMay = /^(zod|@noble\/(curves|hashes))(\/|$)/;
const sodium = /^(sodium-native|libsodium-wrappers-sumo)(\/|$)/;
const sodiumFile = /^protocol\/src\/group\/sodium[^/]*\.ts$/;

const importForms = [
  /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
  /^\s*import\s*["']([^"']+)["']/gm,
  /\b(?:import|require)\(\s*["']([^"']+)["']/g,
];

export function importsOf(text: string): string[] {
  return importForms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1] ?? ""));
}

function leavesSource(path: string, specifier: string): boolean {
  const base = new URL(path, "file:///");
  const [own] = path.split("/src/");
  return !new URL(specifier, base).pathname.startsWith(`/${own}/src/`);
}

function importProblem(path: string, specifier: string): string | undefined {
  const name = path.split("/")[0] ?? "";
  if (specifier.startsWith("."))
    return leavesSource(path, specifier) ? "leaves its package's src" : undefined;
  const ours = /^@ipse\/([^/]+)/.exec(specifier)?.[1];
  if (ours !== undefined) {
    return ours === name || arrows[name]?.includes(ours) ? undefined : "points against the arrows";
  }
  if (name !== "test" && name !== "bench" && testOnly.test(specifier)) return "brings a test tool into dist";
  if (specifier.startsWith("vitest")) return "brings a test tool into dist";
  if (name !== "protocol" || protocolMay.test(specifier)) return undefined;
  if (sodium.test(specifier) && sodiumFile.test(path)) return undefined;
  return "is not among what protocol may import";
}

/** Every broken rule in these sources, one line each. */
export function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    const tooLong = lines > linesMax ? [`${path}: ${lines} lines, at most ${linesMax}`] : [];
    const imports = importsOf(text).flatMap((specifier) => {
      const problem = importProblem(path, specifier);
      return problem === undefined ? [] : [`${path}: import of "${specifier}" ${problem}`];
    });
    return [...tooLong, ...imports];
  });
}

/** A lockfile that names a registry host ties every clone to it. */
export function namesRegistry(lockfile: string): boolean {
  return /"resolved": "https?:/.test(lockfile);
}
