import { describe, expect, test } from "vitest";
import { type DkgMessage, decodeDkgMessage, dkgStart, encodeDkgMessage } from "../../src/dkg/index.ts";
import { abortInput, accusationInput } from "../../src/dkg/messages.ts";
import type { Scalar } from "../../src/group/index.ts";
import { seededRandom } from "../group/backends.ts";
import { mixedOrder, torsion } from "../group/encodings.ts";
import { begin, type Ceremony, type Envelope, lies, type Tamper } from "./ceremony.ts";

type Body = DkgMessage["body"];
type Round1 = Extract<Body, { kind: "round1" }>;

const inRound1 = (change: (body: Round1, to: number) => Body | undefined): Tamper =>
  lies(4, ({ body }, to) => (body.kind === "round1" ? change(body, to) : body));

const changeKey = (body: Round1, change: (key: Round1["keys"][number]) => Round1["keys"][number]): Round1 => {
  const [first, ...rest] = body.keys;
  return first === undefined ? body : { ...body, keys: [change(first), ...rest] };
};

function expectAborts(
  ceremony: Ceremony,
  honest: readonly number[],
  code: string,
  culprits: readonly number[],
): void {
  for (const party of honest) {
    const { abort, state, done } = ceremony.output(party);
    expect(done).toBeUndefined();
    expect(state.phase).toBe("aborted");
    expect(state.keys).toEqual([]);
    expect(state.polynomials).toEqual([]);
    expect(abort).toMatchObject({ code, settled: true });
    expect(abort?.culprits).toEqual(expect.arrayContaining([...culprits]));
    for (const suspect of abort?.culprits ?? []) expect([...culprits, ...honest]).toContain(suspect);
  }
}

describe("Round 1", () => {
  const lengths: readonly (readonly [string, (body: Round1) => Round1])[] = [
    [
      "t - 1 commitments",
      (body) => changeKey(body, (key) => ({ ...key, commitments: key.commitments.slice(1) })),
    ],
    [
      "t + 1 commitments",
      (body) =>
        changeKey(body, (key) => ({
          ...key,
          commitments: [...key.commitments, ...key.commitments.slice(0, 1)],
        })),
    ],
    ["a key too few", (body) => ({ ...body, keys: body.keys.slice(1) })],
    ["a key too many", (body) => ({ ...body, keys: [...body.keys, ...body.keys.slice(1)] })],
    ["no keys", (body) => ({ ...body, keys: [] })],
  ];
  test.each(lengths)("%s", (_, change) => {
    expectAborts(begin(inRound1(change)).run(), [1, 2, 3], "ERR_DKG_LENGTH", [4]);
  });

  const points = [...torsion, ...mixedOrder].map((point, i) => [i, point] as const);
  test.each(points)("invalid point %i as a commitment", (_, point) => {
    const change = (body: Round1) =>
      changeKey(body, (key) => ({ ...key, commitments: key.commitments.with(2, point) }));
    expectAborts(begin(inRound1(change)).run(), [1, 2, 3], "ERR_DKG_POINT", [4]);
  });

  test("a rogue key: commitments that cancel the others', with somebody's proof", () => {
    const probe = begin();
    const { group } = probe;
    const others = probe.parties.slice(0, 3).map((party) => probe.state(party).round1[party - 1]?.keys[0]);
    const rogue = others.reduce(
      (sum, key) => group.sub(sum, group.decodePoint(key?.commitments[0] ?? group.identity)),
      group.baseMul(group.scalarFromNumber(5)),
    );
    const proof = others[0]?.proof ?? new Uint8Array(64);
    const change = (body: Round1) =>
      changeKey(body, (key) => ({ commitments: key.commitments.with(0, rogue), proof }));
    expectAborts(begin(inRound1(change)).run(), [1, 2, 3], "ERR_DKG_POP", [4]);
  });

  test("another oracle's commitments and proof, copied", () => {
    const copied = begin().state(1).round1[0];
    if (copied === undefined) throw new Error("no Round 1");
    expectAborts(begin(inRound1(() => ({ kind: "round1", ...copied }))).run(), [1, 2, 3], "ERR_DKG_POP", [4]);
  });

  test("own commitments and proof under another index", () => {
    const change = (body: Round1): Round1 => ({ ...body, keys: [...body.keys].reverse() });
    expectAborts(begin(inRound1(change)).run(), [1, 2, 3], "ERR_DKG_POP", [4]);
  });

  test.each(["ceremony", "rosterHash", "threshold"] as const)("own Round 1 from another %s", (field) => {
    const ceremony = begin();
    const other = field === "threshold" ? { threshold: 2 } : { [field]: new Uint8Array(32).fill(7) };
    const params = { ...ceremony.params, ...other };
    const started = dkgStart(ceremony.context(4), { params, party: 4, random: seededRandom("other") });
    const replayed = started.state.round1[3];
    if (replayed === undefined) throw new Error("no Round 1");
    ceremony.tamper = inRound1(() => ({ kind: "round1", ...replayed }));
    const code = field === "threshold" ? "ERR_DKG_LENGTH" : "ERR_DKG_POP";
    expectAborts(ceremony.run(), [1, 2, 3], code, [4]);
  });

  test("two different Round 1 to the same oracle", () => {
    const ceremony = begin();
    const second = dkgStart(ceremony.context(4), {
      params: ceremony.params,
      party: 4,
      random: seededRandom("second"),
    });
    ceremony.queue.push(...second.send.filter(({ to }) => to === 1).map((send) => ({ from: 4, ...send })));
    ceremony.run();
    expect(ceremony.output(1).abort).toEqual({ code: "ERR_DKG_EQUIVOCATION", culprits: [4], settled: true });
  });

  /** Oracle 4 plays a second ceremony with oracle 1 alone, with shares that match. */
  const twoStories = (ceremony: Ceremony): Tamper => {
    const { params } = ceremony;
    const story = dkgStart(ceremony.context(4), { params, party: 4, random: seededRandom("second") }).state;
    const replayed = story.round1[3];
    const tell = lies(4, ({ body }) => {
      if (body.kind === "round1" && replayed !== undefined) return { kind: "round1", ...replayed };
      if (body.kind !== "round2") return body;
      return { ...body, shares: story.polynomials.map((polynomial) => valueAt(ceremony, polynomial, 1)) };
    });
    return (envelope) => (envelope.from === 4 && envelope.to === 1 ? tell(envelope) : [envelope]);
  };

  test("two stories told to two oracles, each with matching shares, show when transcripts are compared", () => {
    const ceremony = begin();
    ceremony.tamper = twoStories(ceremony);
    ceremony.run();
    for (const party of [1, 2, 3]) {
      expect(ceremony.output(party).done).toBeUndefined();
      expect(ceremony.output(party).abort?.code).toBe("ERR_DKG_TRANSCRIPT");
      expect(ceremony.output(party).abort?.culprits).toContain(4);
    }
  });

  test("two stories also show to one that still lacks a share when it hears of the other", () => {
    const ceremony = begin();
    const tell = twoStories(ceremony);
    const held: Envelope[] = [];
    ceremony.tamper = (envelope) => {
      const { kind } = decodeDkgMessage(envelope.payload).body;
      const hold = envelope.to === 2 && (kind === "abort" || (kind === "round2" && envelope.from === 3));
      if (hold) held.push(envelope);
      return hold ? [] : tell(envelope);
    };
    ceremony.run();
    expect(ceremony.state(2)).toMatchObject({ phase: "sharing", confirms: [{}, undefined, {}, {}] });
    const share = held.find(({ payload }) => decodeDkgMessage(payload).body.kind === "round2");
    if (share === undefined) throw new Error("nothing was held");
    const output = ceremony.step(2, { kind: "message", from: 3, payload: share.payload });
    expect(output.abort).toEqual({ code: "ERR_DKG_TRANSCRIPT", culprits: [1, 4], settled: true });
  });
});

function valueAt({ group }: Ceremony, polynomial: readonly Scalar[], x: number): Scalar {
  return polynomial.reduceRight(
    (value, coefficient) => group.scalarAdd(group.scalarMul(value, group.scalarFromNumber(x)), coefficient),
    group.scalarFromNumber(0),
  );
}

describe("Round 2", () => {
  const badShare = (change: (shares: readonly Uint8Array[]) => readonly Uint8Array[]) =>
    lies(4, ({ body }, to) =>
      body.kind === "round2" && to === 2 ? { ...body, shares: change(body.shares) } : body,
    );

  test("a share off the commitments: the victim names the dealer, the others suspect both", () => {
    const one = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const ceremony = begin(badShare((shares) => shares.with(1, one))).run();
    expect(ceremony.output(2).abort).toEqual({ code: "ERR_DKG_SHARE", culprits: [4], settled: true });
    for (const party of [1, 3, 4]) {
      expect(ceremony.output(party).abort).toMatchObject({ code: "ERR_DKG_SHARE", culprits: [2, 4] });
      expect(ceremony.output(party).done).toBeUndefined();
    }
  });

  test("a share that is no scalar", () => {
    const ceremony = begin(badShare((shares) => shares.with(0, new Uint8Array(32).fill(255)))).run();
    expect(ceremony.output(2).abort).toMatchObject({ code: "ERR_DKG_SHARE", culprits: [4] });
  });

  test.each([0, 1, 3])("%i shares for 2 keys", (length) => {
    const resize = (shares: readonly Uint8Array[]) =>
      Array.from({ length }, (_, i) => shares[i % 2] ?? new Uint8Array(32));
    const ceremony = begin(badShare(resize)).run();
    expect(ceremony.output(2).abort).toMatchObject({ code: "ERR_DKG_LENGTH", culprits: [4] });
  });

  test("a false complaint makes a suspect of the complainer too", () => {
    const ceremony = begin();
    const { ceremony: id } = ceremony.params;
    const claim = { party: 4, code: "ERR_DKG_SHARE", culprits: [1] };
    const context = ceremony.context(4);
    const accusation = { ...claim, signature: context.sign(accusationInput(id, claim)) };
    const body: Body = { kind: "abort", accusation, signature: context.sign(abortInput(id, 4)) };
    const payload = encodeDkgMessage({ version: 1, ceremony: id, party: 4, body });
    ceremony.step(2, { kind: "message", from: 4, payload });
    ceremony.run();
    for (const party of [1, 2, 3]) {
      expect(ceremony.output(party).abort).toMatchObject({ code: "ERR_DKG_SHARE", culprits: [1, 4] });
    }
  });

  test("shares meant for another oracle are not taken", () => {
    const ceremony = begin();
    ceremony.run();
    const probe = begin();
    probe.tamper = (envelope) =>
      envelope.from === 4 && envelope.to === 2 ? [{ ...envelope, to: 3 }] : [envelope];
    probe.run();
    expect(probe.ignored).toContain("ERR_DKG_RECIPIENT");
    expect(probe.output(3).done).toBeUndefined();
  });
});

describe("Confirm", () => {
  test("a signature that does not hold", () => {
    const change = lies(4, ({ body }) => {
      if (body.kind === "certificate") return undefined;
      return body.kind === "confirm" ? { ...body, signature: new Uint8Array(64) } : body;
    });
    const ceremony = begin(change).run();
    for (const party of [1, 2, 3]) {
      expect(ceremony.output(party).done).toBeUndefined();
      expect(ceremony.output(party).abort).toMatchObject({ code: "ERR_DKG_SIGNATURE", settled: false });
      expect(ceremony.output(party).abort?.culprits).toContain(4);
      expect(ceremony.state(party).keys).toHaveLength(2);
    }
  });
});
