import { describe, expect, test } from "vitest";
import { toHex, utf8 } from "../../src/bytes.ts";
import { taggedHash } from "../../src/encoding/index.ts";
import { createOracle, table } from "../../src/host/index.ts";
import { tokenRevocation } from "../../src/issuer/proposal.ts";
import { identityKid, RateLimited } from "../../src/oauth/index.ts";
import { records } from "../../src/session/oracle/index.ts";
import { seededRandom } from "../group/backends.ts";
import { activeRecord, assertionOf, INSTANCE, identityKey } from "../issuer/token-world.ts";
import { Loop, MemoryStore } from "../session/workload-cluster.ts";
import { castOf, group, SPIFFE_ID, START_MS } from "../session/world/cast.ts";

const revoked = table("token-revoked", tokenRevocation);
const ASSERTION = assertionOf(START_MS / 1000, { jti: "the word" });
const LATER = START_MS + 3_600_000;

/** One oracle, one active instance, and what it sends to its peers. */
class Setup {
  readonly loop = new Loop();
  readonly store = new MemoryStore(this.loop);
  readonly sent = new Map<number, Set<string>>();
  /** Peers whose queue has no room. */
  readonly full = new Set<number>();
  readonly node;

  constructor(held = 0, expMs = LATER) {
    const cast = castOf(4, 3, 1);
    this.store.put(records.instances, INSTANCE, activeRecord(cast.roster));
    this.store.put(records.kidIndex, identityKid(identityKey), { instance: INSTANCE });
    for (let i = 0; i < held; i++) this.hold(`held ${i}`, expMs);
    this.node = createOracle(
      {
        group,
        oracle: 1,
        voteSeed: cast.voteSeeds[0] ?? new Uint8Array(32),
        rosters: [cast.signedRoster],
        clock: { nowMs: () => START_MS + this.loop.nowMs, monotonicMs: () => this.loop.nowMs },
        entropy: { random: seededRandom("token-revocations") },
        timers: { after: (delayMs, fire) => this.loop.after(delayMs, fire) },
        store: this.store,
        peers: {
          send: (to, message) => {
            if (this.full.has(to)) return false;
            if (message.kind === "tokenRevoked") this.toldTo(to).add(message.jti);
            return true;
          },
        },
        events: () => undefined,
        poolKeysPerOracle: 2,
      },
      (error) => {
        throw error;
      },
    );
    this.node.start();
  }

  hold(jti: string, expMs: number): void {
    const key = taggedHash("ipse/v1/token-revoked", utf8(JSON.stringify([SPIFFE_ID, jti])));
    this.store.put(revoked, key, { assertion: ASSERTION, jti, expMs });
  }

  toldTo(peer: number): Set<string> {
    const told = this.sent.get(peer) ?? new Set();
    this.sent.set(peer, told);
    return told;
  }

  get rows(): number {
    return [...this.store.rows.keys()].filter((key) => key.startsWith(toHex(revoked.prefix))).length;
  }

  /** The client's own word. */
  end(jti: string): void {
    this.node.revokeToken({ assertion: ASSERTION, jti, expMs: LATER }, () => undefined);
  }

  hear(peer: number, jti: string): void {
    this.node.onPeerMessage(peer, { kind: "tokenRevoked", assertion: ASSERTION, jti, expMs: LATER });
  }

  isEnded(jti: string): boolean {
    return this.node.tokenRevoked(SPIFFE_ID, jti);
  }
}

describe("ended tokens are kept until they expire, within bounds", () => {
  test("all that have expired are swept, however many there are", () => {
    const setup = new Setup(6_000, START_MS + 1);
    for (let i = 0; i < 300; i++) setup.hold(`long ${i}`, LATER);
    setup.loop.pass(63_000);
    expect(setup.rows).toBe(300);
  });

  test("clients that end too many hear of it; what was accepted stays", () => {
    const setup = new Setup();
    let accepted = 0;
    const more = (): void => {
      for (let i = 0; i < 2_000; i++) setup.end(`t${accepted++}`);
    };
    expect(more).toThrow(RateLimited);
    setup.loop.pass(10);
    // The last one counted was refused.
    accepted--;
    expect(accepted).toBe(1_200);
    expect(setup.rows).toBe(accepted);
    expect([setup.isEnded(`t${accepted - 1}`), setup.isEnded(`t${accepted}`)]).toEqual([true, false]);
    setup.end("t0");
    setup.loop.pass(1_000);
    setup.end(`t${accepted}`);
    expect(setup.isEnded(`t${accepted}`)).toBe(true);
  });

  test("a peer's flood is dropped, and another peer still heard", () => {
    const setup = new Setup();
    for (let i = 0; i < 12_000; i++) setup.hear(2, `flood ${i}`);
    setup.hear(3, "true");
    setup.loop.pass(10);
    expect(setup.rows).toBeLessThan(11_000);
    expect(setup.isEnded("true")).toBe(true);
    setup.loop.pass(1_000);
    setup.hear(2, "also true");
    expect(setup.isEnded("also true")).toBe(true);
  });

  test("a peer that repeats what is known, as after each of its restarts, costs itself nothing", () => {
    const setup = new Setup(100);
    for (let i = 0; i < 20_000; i++) setup.hear(2, `held ${i % 100}`);
    setup.hear(2, "news");
    expect(setup.isEnded("news")).toBe(true);
  });
});

describe("a peer is told of every ended token", () => {
  test("of all that are kept when it connects, at a pace it reads", () => {
    const setup = new Setup(5_000);
    setup.node.onPeerUp(2);
    expect(setup.toldTo(2).size).toBe(4_096);
    setup.loop.pass(30_000);
    expect(setup.toldTo(2).size).toBe(5_000);
  });

  test("also of one for which its queue had no room", () => {
    const setup = new Setup();
    setup.node.onPeerUp(2);
    setup.full.add(2);
    setup.end("t1");
    setup.hear(3, "t2");
    setup.loop.pass(1_000);
    expect(setup.toldTo(2).size).toBe(0);
    setup.full.delete(2);
    setup.loop.pass(1_000);
    expect([...setup.toldTo(2)].sort()).toEqual(["t1", "t2"]);
  });
});
