import { check, equalBytes } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import { type Roster, rosterHash, voteKeyOf } from "@ipse/protocol/registry";
import { type PeerHello, type PeerMessage, peerProofInput } from "@ipse/protocol/wire";

const VERSION = 1;

export interface HandshakeOptions {
  readonly group: Group;
  readonly oracle: number;
  /** Rosters this oracle serves; the last one is the newest. */
  readonly rosters: readonly Roster[];
  readonly sign: (input: Uint8Array) => Uint8Array;
  /** Whom we dialed; undefined when we were dialed. */
  readonly expected: number | undefined;
  /** 32 fresh bytes. */
  readonly challenge: Uint8Array;
  readonly send: (message: PeerMessage) => void;
}

/**
 * Mutual authentication of two oracles (wire/peer.ts): each signs both challenges and both names with its vote
 * key, so that no proof can be carried to a third. The dialer speaks first, and has checked the TLS pin before.
 */
export class PeerHandshake {
  readonly #options: HandshakeOptions;
  readonly #roster: Roster;
  #theirs: PeerHello | undefined;

  constructor(options: HandshakeOptions) {
    const newest = options.rosters.at(-1);
    check(newest !== undefined, "ERR_ROSTER_UNKNOWN", "an oracle needs a roster");
    this.#options = options;
    this.#roster = newest;
    if (options.expected !== undefined) this.#sendHello(rosterHash(newest));
  }

  #sendHello(hash: Uint8Array): void {
    const { oracle, challenge, send } = this.#options;
    send({ kind: "hello", version: VERSION, oracle, rosterHash: hash, challenge });
  }

  /** Takes the peer's next message; returns its oracle id once it is proven. Throws ERR_PEER_*. */
  onMessage(message: PeerMessage): number | undefined {
    if (message.kind === "hello") {
      this.#onHello(message);
      return undefined;
    }
    check(message.kind === "proof", "ERR_PEER_HANDSHAKE", "another message than HELLO and proof");
    return this.#onProof(message.signature);
  }

  #onHello(hello: PeerHello): void {
    const { oracle, expected, challenge, sign, send } = this.#options;
    check(this.#theirs === undefined, "ERR_PEER_HANDSHAKE", "a second HELLO");
    check(
      hello.version === VERSION,
      "ERR_PEER_VERSION",
      `version ${hello.version}, this oracle speaks ${VERSION}`,
    );
    const known = this.#roster.oracles.some((entry) => entry.id === hello.oracle);
    check(known && hello.oracle !== oracle, "ERR_PEER_ORACLE", "no oracle of the newest roster");
    const hash = rosterHash(this.#roster);
    check(equalBytes(hello.rosterHash, hash), "ERR_PEER_ROSTER", "the peer's newest roster is another one");
    check(
      expected === undefined || hello.oracle === expected,
      "ERR_PEER_ORACLE",
      "another oracle than the one dialed",
    );
    // The lower id dials, so that two oracles have one link.
    check(expected !== undefined || hello.oracle < oracle, "ERR_PEER_ORACLE", "the higher id does not dial");
    this.#theirs = hello;
    if (expected === undefined) this.#sendHello(hash);
    const input = peerProofInput({
      prover: oracle,
      verifier: hello.oracle,
      rosterHash: hash,
      theirs: hello.challenge,
      mine: challenge,
    });
    send({ kind: "proof", signature: sign(input) });
  }

  #onProof(signature: Uint8Array): number {
    const { group, oracle, challenge } = this.#options;
    const theirs = this.#theirs;
    check(theirs !== undefined, "ERR_PEER_HANDSHAKE", "a proof before HELLO");
    const input = peerProofInput({
      prover: theirs.oracle,
      verifier: oracle,
      rosterHash: theirs.rosterHash,
      theirs: challenge,
      mine: theirs.challenge,
    });
    const key = voteKeyOf(this.#roster, theirs.oracle);
    const good = key !== undefined && group.ed25519.verify(key, input, signature);
    check(good, "ERR_PEER_PROOF", `oracle ${theirs.oracle} did not prove its vote key`);
    return theirs.oracle;
  }
}
