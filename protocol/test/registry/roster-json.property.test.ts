import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeJoinUri, parseJoinUri } from "../../src/registry/join.ts";
import { rosterFromJson, rosterToJson } from "../../src/registry/roster-json.ts";
import { join, signedRoster } from "../encoding/arbitraries.ts";

it("every roster survives its file form", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(signedRoster, (signed) => {
      expect(rosterFromJson(rosterToJson(signed))).toEqual(signed);
    }),
  );
});

it("every join URI comes back", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(join, (value) => {
      expect(parseJoinUri(encodeJoinUri(value))).toEqual(value);
    }),
  );
});
