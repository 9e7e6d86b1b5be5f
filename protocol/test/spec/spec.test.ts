import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toHex, utf8 } from "../../src/bytes.ts";
import { encode } from "../../src/encoding/index.ts";
import { type Body, body, bodyHash, EMPTY_BODY } from "../../src/session/body.ts";
import { type Header, header, headerHash } from "../../src/session/header.ts";
import { type Vote, vote, voteInput } from "../../src/session/vote.ts";

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const exampleHeader: Header = {
  version: 1,
  rosterHash: fill(0x11),
  instance: fill(0x22),
  seq: 7,
  parent: fill(0x33),
  kind: "heartbeat",
  bodyHash: bodyHash(EMPTY_BODY),
  ratchet: false,
  shareVersion: 3,
  groupEpoch: 0,
  identityKeyVersion: 0,
  nextChainKey: fill(0x44),
};
const exampleBody: Body = {
  messages: [{ type: "raw", payload: utf8("test") }],
  ratchet: { commitments: [fill(0x55), fill(0x66)], bases: [1, 2, 3] },
};
const exampleVote: Vote = {
  version: 1,
  oracle: 2,
  rosterHash: exampleHeader.rosterHash,
  instance: exampleHeader.instance,
  seq: exampleHeader.seq,
  headerHash: headerHash(exampleHeader),
  shareOk: true,
  shareVersion: 3,
  counter: 9,
};

/** What SPEC.md shows under each `pinned:` mark. */
const PINNED: Readonly<Record<string, Uint8Array>> = {
  header: encode(header, exampleHeader),
  "header-hash": headerHash(exampleHeader),
  "empty-body-hash": bodyHash(EMPTY_BODY),
  body: encode(body, exampleBody),
  "body-hash": bodyHash(exampleBody),
  vote: encode(vote, exampleVote),
  "vote-input": voteInput(exampleVote),
};

/** The hex block that follows each mark; white space does not count. */
function shownIn(markdown: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, hex] of markdown.matchAll(/<!-- pinned: ([a-z-]+) -->\s*```\n([0-9a-f\s]+)```/g)) {
    found.set(name ?? "", (hex ?? "").replaceAll(/\s/g, ""));
  }
  return found;
}

describe("the encodings SPEC.md pins", () => {
  const shown = shownIn(readFileSync(new URL("../../SPEC.md", import.meta.url), "utf8"));

  test.each(Object.entries(PINNED))("%s", (name, bytes) => {
    expect(shown.get(name)).toBe(toHex(bytes));
  });

  test("SPEC.md pins nothing else", () => {
    expect([...shown.keys()].sort()).toEqual(Object.keys(PINNED).sort());
  });
});
