import { defineConfig } from "vitest/config";

// Tests run on source: every package exports ./src under the `source` condition.
const conditions = ["source", "module", "node", "development|production"];

const full = process.env["IPSE_TEST_FULL"] === "1";
const always = ["**/node_modules/**", "**/dist/**"];

const property = "**/*.property.test.ts";
/** One suite that every implementation of an interface passes. */
const contract = ["*/test/contract/**/*.test.ts"];
/** Parties that lie; each test is named by its attack. */
const malicious = [
  "**/{attacks,malicious}.test.ts",
  "protocol/test/session/{gossip-under-attack,lies-about-the-head,nonce-slots,votes-and-fencing}.test.ts",
  "protocol/test/issuer/{co-signer-refusals,lying-oracles,single-use}.test.ts",
];

const project = (name: string, include: string[], more: object = {}) => ({
  extends: true as const,
  test: { name, include, ...more },
});

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    exclude: always,
    expect: { requireAssertions: true },
    sequence: { shuffle: true },
    testTimeout: full ? 120_000 : 20_000,
    passWithNoTests: true,
    projects: [
      project("unit", ["*/test/**/*.test.ts", "test/{unit,architecture,interop}/**/*.test.ts"], {
        exclude: [...always, property, ...contract, ...malicious],
      }),
      project("property", [property], {
        setupFiles: ["./test/tools/fast-check.ts"],
        testTimeout: full ? 600_000 : 60_000,
      }),
      project("contract", contract),
      project("malicious", malicious),
      // Real processes, which mostly wait for each other: two files at a time on two cores, after everything else.
      project("e2e", ["test/e2e/**/*.test.ts"], {
        globalSetup: ["./test/e2e/support/shared-cluster.ts"],
        pool: "forks",
        maxWorkers: 2,
        sequence: { shuffle: false, groupOrder: 1 },
        testTimeout: full ? 900_000 : 120_000,
        hookTimeout: 120_000,
      }),
    ],
  },
});
