import { portableGroup } from "@ipse/protocol/group";
import { describe, expect, test } from "vitest";
import { runOne } from "../src/campaign/index.ts";
import { findScenario } from "../src/cli/find.ts";
import { symbolicGroup } from "../src/crypto/symbolic-group.ts";
import { genesisOf, SMALL } from "../src/world/index.ts";

/** Signing and ratchets without an attack, the pool-key race, a clone, and enrollments with one ticket. */
const NAMES = ["pause-resume", "pool-key-race", "clone-first", "multi-use-ticket"];

describe("on pool keys that the production ceremony made", () => {
  test("no dealer: every oracle certified the key, and holds the one share that fits it", () => {
    const { spare } = genesisOf(symbolicGroup, SMALL, "ceremony");
    expect(spare.length).toBeGreaterThan(8);
    for (const { key, shares } of spare) {
      expect(key.certificate).toHaveLength(SMALL.oracles);
      expect(key.commitments).toHaveLength(SMALL.quorum);
      expect(shares).toHaveLength(SMALL.oracles);
    }
  });

  test.each(NAMES)("%s", { timeout: 300_000 }, (name) => {
    const scenario = findScenario(name);
    for (let i = 0; i < 3; i++) {
      const result = runOne(scenario, `ceremony-${i}`, { setting: { keys: "ceremony" } });
      expect({ code: result.code, problems: result.problems }).toEqual({
        code: result.expected,
        problems: [],
      });
    }
  });

  test("the race and the clone over real Ed25519", { timeout: 300_000 }, () => {
    for (const name of ["pool-key-race", "clone-first"]) {
      const setting = { keys: "ceremony", topology: SMALL } as const;
      const result = runOne(findScenario(name), "real", { group: portableGroup, setting });
      expect({ code: result.code, problems: result.problems }).toEqual({
        code: result.expected,
        problems: [],
      });
    }
  });
});

test("tokens are issued and refused alike over real Ed25519", { timeout: 300_000 }, () => {
  for (const name of ["token-replay", "lying-coordinator"]) {
    const result = runOne(findScenario(name), "real", {
      group: portableGroup,
      setting: { topology: SMALL, issuer: true },
    });
    expect({ code: result.code, problems: result.problems }).toEqual({ code: "PREV", problems: [] });
  }
});
