import { IpseError } from "@ipse/protocol";
import { rosterHash } from "@ipse/protocol/registry";
import { type PeerMessage, peerProofInput } from "@ipse/protocol/wire";
import { describe, expect, it } from "vitest";
import { PeerHandshake } from "../../src/peers/index.ts";
import { group, keyOf, roster } from "../support/roster.ts";

const challengeOf = (fill: number) => new Uint8Array(32).fill(fill);

function party(oracle: number, expected: number | undefined, seed = keyOf(oracle).seed) {
  const sent: PeerMessage[] = [];
  const handshake = new PeerHandshake({
    group,
    oracle,
    rosters: [roster],
    expected,
    challenge: challengeOf(oracle + 100),
    sign: (input) => group.ed25519.sign(seed, input),
    send: (message) => sent.push(message),
  });
  return { handshake, sent, take: () => sent.shift() };
}

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return error instanceof IpseError ? error.code : String(error);
  }
  return "nothing";
};

const feed = (to: ReturnType<typeof party>, message: PeerMessage | undefined) => {
  if (message === undefined) throw new Error("nothing was sent");
  return to.handshake.onMessage(message);
};

describe("two oracles' handshake", () => {
  it("proves both to each other", () => {
    const dialer = party(1, 2);
    const dialed = party(2, undefined);
    expect(feed(dialed, dialer.take())).toBeUndefined();
    expect(feed(dialer, dialed.take())).toBeUndefined();
    expect(feed(dialer, dialed.take())).toBe(2);
    expect(feed(dialed, dialer.take())).toBe(1);
  });

  it("refuses a proof under another key", () => {
    const liar = party(1, 2, keyOf(3).seed);
    const dialed = party(2, undefined);
    feed(dialed, liar.take());
    feed(liar, dialed.take());
    expect(codeOf(() => feed(dialed, liar.take()))).toBe("ERR_PEER_PROOF");
  });

  it("refuses its own proof thrown back", () => {
    const dialed = party(2, undefined);
    dialed.handshake.onMessage({
      kind: "hello",
      version: 1,
      oracle: 1,
      rosterHash: rosterHash(roster),
      challenge: challengeOf(102),
    });
    dialed.take();
    expect(codeOf(() => feed(dialed, dialed.take()))).toBe("ERR_PEER_PROOF");
  });

  it("refuses a proof meant for a third oracle", () => {
    const dialed = party(3, undefined);
    dialed.handshake.onMessage({
      kind: "hello",
      version: 1,
      oracle: 1,
      rosterHash: rosterHash(roster),
      challenge: challengeOf(9),
    });
    const input = peerProofInput({
      prover: 1,
      verifier: 2,
      rosterHash: rosterHash(roster),
      theirs: challengeOf(103),
      mine: challengeOf(9),
    });
    const signature = group.ed25519.sign(keyOf(1).seed, input);
    expect(codeOf(() => dialed.handshake.onMessage({ kind: "proof", signature }))).toBe("ERR_PEER_PROOF");
  });

  const hello = {
    kind: "hello",
    version: 1,
    oracle: 1,
    rosterHash: rosterHash(roster),
    challenge: challengeOf(1),
  } as const;
  it.each([
    ["another version", { ...hello, version: 2 }, "ERR_PEER_VERSION"],
    ["another roster", { ...hello, rosterHash: challengeOf(1) }, "ERR_PEER_ROSTER"],
    ["an oracle the roster does not have", { ...hello, oracle: 9 }, "ERR_PEER_ORACLE"],
    ["this oracle's own id", { ...hello, oracle: 2 }, "ERR_PEER_ORACLE"],
    ["a higher id that dials", { ...hello, oracle: 3 }, "ERR_PEER_ORACLE"],
    ["a proof before HELLO", { kind: "proof", signature: new Uint8Array(64) }, "ERR_PEER_HANDSHAKE"],
    ["anything else", { kind: "want", hashes: [] }, "ERR_PEER_HANDSHAKE"],
  ] as [string, PeerMessage, string][])("refuses %s", (_what, message, code) => {
    expect(codeOf(() => party(2, undefined).handshake.onMessage(message))).toBe(code);
  });

  it("refuses a second HELLO, and another oracle than the one dialed", () => {
    const dialed = party(2, undefined);
    dialed.handshake.onMessage(hello);
    expect(codeOf(() => dialed.handshake.onMessage(hello))).toBe("ERR_PEER_HANDSHAKE");
    expect(codeOf(() => party(1, 2).handshake.onMessage({ ...hello, oracle: 3 }))).toBe("ERR_PEER_ORACLE");
  });
});
