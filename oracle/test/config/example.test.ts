import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config/index.ts";

const example = readFileSync(join(import.meta.dirname, "../../examples/oracle.yaml"), "utf8");

describe("the example configuration", () => {
  it("is valid and shows the defaults", () => {
    const shown = parseConfig(example, "oracle.yaml");
    const minimal = parseConfig(
      "version: 1\noracle: 1\nsession: { listen: '127.0.0.1:1' }\nlocal: { listen: '127.0.0.1:2' }\n",
      "x",
    );
    const { session: _s, local: _l, oauth: _o, ...defaults } = minimal;
    expect(shown).toMatchObject(defaults);
    expect(Object.keys(shown).sort()).toEqual([...Object.keys(minimal), "oauth"].sort());
  });
});
