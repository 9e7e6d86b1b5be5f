import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, namesRegistry, type SourceFile, violations } from "./rules.ts";

const root = join(import.meta.dirname, "../..");
const packages = ["protocol", "oracle", "workload-agent", "sim", "test", "bench"];

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

const wants = (manifest: Manifest | undefined) => [
  manifest?.dependencies ?? {},
  manifest?.optionalDependencies ?? {},
  manifest?.devDependencies ?? {},
];

const read = (path: string): string => readFileSync(join(root, path), "utf8");

const sources: SourceFile[] = packages.flatMap((name) =>
  readdirSync(join(root, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${name}/src/${file.replaceAll("\\", "/")}`)
    .map((path) => ({ path, text: read(path) })),
);

describe("the repository", () => {
  it("keeps the house rules", () => {
    expect(sources.length).toBeGreaterThanOrEqual(packages.length);
    expect(violations(sources)).toEqual([]);
  });

  it("has a lockfile that names no registry", () => {
    expect(namesRegistry(read("package-lock.json"))).toBe(false);
  });

  it("has a lockfile that matches the manifests", () => {
    const { packages: locked } = JSON.parse(read("package-lock.json")) as {
      packages: Record<string, Manifest>;
    };
    for (const name of ["", ...packages]) {
      const manifest = JSON.parse(read(join(name, "package.json"))) as Manifest;
      expect(wants(locked[name]), name).toEqual(wants(manifest));
    }
  });

  it("has executable commands, so that npm links them before the first build", () => {
    for (const name of packages) {
      const { bin = {} } = JSON.parse(read(`${name}/package.json`)) as { bin?: Record<string, string> };
      for (const file of Object.values(bin)) {
        expect(statSync(join(root, name, file)).mode & 0o111, file).toBe(0o111);
      }
    }
    expect.assertions(3);
  });
});

describe("the checker", () => {
  const broken = (path: string, text: string) => violations([{ path, text }]);

  it.each([
    ["protocol/src/a.ts", 'import { readFile } from "node:fs";', "protocol may import"],
    ["protocol/src/a.ts", 'import sodium from "sodium-native";', "protocol may import"],
    ["protocol/src/a.ts", 'import {\n  z,\n} from "jose";', "protocol may import"],
    ["protocol/src/a.ts", 'export * from "@ipse/sim";', "against the arrows"],
    ["protocol/src/a.ts", 'const x = await import("ws");', "protocol may import"],
    ["protocol/src/a.ts", 'import "../../sim/src/index.ts";', "leaves its package"],
    ["sim/src/net/a.ts", 'import type { X } from "@ipse/oracle";', "against the arrows"],
    ["sim/src/net/a.ts", 'import { x } from "@ipse/workload-agent/links";', "against the arrows"],
    ["oracle/src/a.ts", 'import { x } from "@ipse/workload-agent";', "against the arrows"],
    ["oracle/src/a.ts", 'import { x } from "@ipse/test";', "against the arrows"],
    ["test/src/a.ts", 'import { it } from "vitest";', "test tool"],
    ["sim/src/a.ts", 'import fc from "fast-check";', "test tool"],
    ["oracle/src/a.ts", `${"\n".repeat(400)}export {};`, "401 lines"],
  ])("refuses in %s: %j", (path, text, reason) => {
    expect(broken(path, text)).toEqual([expect.stringContaining(reason)]);
  });

  it.each([
    ["protocol/src/group/portable.ts", 'import { ed25519 } from "@noble/curves/ed25519.js";'],
    ["protocol/src/group/sodium-native.ts", 'import sodium from "sodium-native";'],
    ["protocol/src/frost/sign.ts", 'import { x } from "../group/index.ts";'],
    ["sim/src/net/a.ts", 'import { x } from "@ipse/protocol/host";'],
    ["bench/src/a.ts", 'import { x } from "@ipse/oracle";'],
    ["oracle/src/a.ts", `${"\n".repeat(399)}export {};`],
  ])("accepts in %s: %j", (path, text) => {
    expect(broken(path, text)).toEqual([]);
  });

  it("finds every form of import", () => {
    const text =
      'import "a";\nimport b from "b";\nexport { c } from \'c\';\nimport type { d } from "d";\nrequire("e");';
    expect(importsOf(text).sort()).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("notices a registry in a lockfile", () => {
    expect(namesRegistry('"resolved": "https://packages.example/a.tgz"')).toBe(true);
  });
});
