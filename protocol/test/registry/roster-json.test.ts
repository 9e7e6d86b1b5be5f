import { describe, expect, it } from "vitest";
import { rosterHash, verifyRoster } from "../../src/registry/roster.ts";
import { rosterFromJson, rosterToJson } from "../../src/registry/roster-json.ts";
import { codeOf, group, roster, signRoster } from "./fixture.ts";

const signed = signRoster(roster, "alice", "bob");
const text = rosterToJson(signed);

describe("roster.json", () => {
  it("is readable and comes back with the same hash", () => {
    expect(text).toContain('"trust_domain": "test.ipse"');
    expect(text).toContain('"previous": null');
    const back = rosterFromJson(text);
    expect(back).toEqual(signed);
    expect(verifyRoster(group, back)).toEqual(rosterHash(roster));
  });

  it("keeps the hash of a predecessor", () => {
    const next = signRoster({ ...roster, serial: 2, previous: rosterHash(roster) }, "alice", "bob");
    expect(rosterFromJson(rosterToJson(next))).toEqual(next);
  });

  it.each([
    [
      "a quorum twice, the laxer one last",
      text.replace('"quorum": 3', '"quorum": 3, "quorum": 2'),
      "ERR_JSON_DUPLICATE_KEY",
    ],
    ["an unknown key", text.replace('"quorum"', '"quorom"'), "ERR_ROSTER_JSON"],
    ["an unknown key in an operator", text.replace('"name"', '"admin": true, "name"'), "ERR_ROSTER_JSON"],
    ["a key of another length", text.replace(/"vote_key": "\w/, '"vote_key": "'), "ERR_ROSTER_JSON"],
    ["an unknown role", text.replace('"mint"', '"root"'), "ERR_ROSTER_JSON"],
    ["a fraction", text.replace('"quorum": 3', '"quorum": 2.5'), "ERR_ROSTER_JSON"],
    ["a number as text", text.replace('"quorum": 3', '"quorum": "3"'), "ERR_ROSTER_JSON"],
    ["an oracle number that does not fit", text.replace('"id": 1', '"id": 99'), "ERR_ROSTER_JSON"],
    ["a negative quorum", text.replace('"quorum": 3', '"quorum": -3'), "ERR_ROSTER_JSON"],
    ["an issuer that is no URL", text.replace("https://id", "javascript:id"), "ERR_ROSTER_JSON"],
    ["a later version", text.replace('"version": 1', '"version": 2'), "ERR_ROSTER_JSON"],
    ["not JSON", "trust_domain: test.ipse", "ERR_JSON_SYNTAX"],
    ["a list", "[]", "ERR_ROSTER_JSON"],
    ["too much", `${" ".repeat(70_000)}${text}`, "ERR_JSON_SIZE"],
  ])("is refused with %s", (_name, damaged, code) => {
    expect(codeOf(() => rosterFromJson(damaged))).toBe(code);
  });

  it("names the place of a mistake", () => {
    expect(() => rosterFromJson(text.replace('"id": 2', '"id": "2"'))).toThrow(/^oracles\.1\.id: /);
  });
});
