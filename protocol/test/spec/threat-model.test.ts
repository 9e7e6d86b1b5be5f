import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

const named = [...read("protocol/THREAT_MODEL.md").matchAll(/`([^`]+\.test\.ts)` "([^"]+)"/g)].map(
  ([, path = "", name = ""]) => ({ path, name }),
);

test("the threat model names tests", () => {
  expect(named.length).toBeGreaterThan(40);
});

test.each(named)("$path has: $name", ({ path, name }) => {
  expect(read(path)).toContain(`"${name}"`);
});

/** Every domain tag has one meaning: it stands once in the sources. */
test("no domain tag is used twice", () => {
  const files = readdirSync(new URL("protocol/src/", root), { recursive: true, encoding: "utf8" });
  const tags = files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) =>
      [...read(`protocol/src/${file.replaceAll("\\", "/")}`).matchAll(/"(ipse\/v1\/[a-z0-9-]+)"/g)].map(
        ([, tag = ""]) => tag,
      ),
    );
  expect(tags.length).toBeGreaterThan(40);
  expect(tags.filter((tag, i) => tags.indexOf(tag) !== i)).toEqual([]);
});
