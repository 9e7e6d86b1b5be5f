import { describe, expect, test } from "vitest";
import { type DkgMessage, decodeDkgMessage, encodeDkgMessage, wipeDkgState } from "../../src/dkg/index.ts";
import { abortInput } from "../../src/dkg/messages.ts";
import { begin, lies, type Tamper } from "./ceremony.ts";

type Body = DkgMessage["body"];

describe("silence", () => {
  const from = {
    round1: ["round1", "round2", "confirm"],
    round2: ["round2", "confirm"],
    confirm: ["confirm"],
  };

  /** From this message on oracle 4 says nothing at all. */
  const silentFrom = (kind: keyof typeof from): Tamper => {
    const said = ["round1", "round2", "confirm"].filter((earlier) => !from[kind].includes(earlier));
    return lies(4, ({ body }) => (said.includes(body.kind) ? body : undefined));
  };

  test.each(["round1", "round2", "confirm"] as const)("from %s on is named at the timeout", (kind) => {
    const ceremony = begin(silentFrom(kind)).run();
    const first = ceremony.step(1, { kind: "timeout" });
    expect(first.abort).toEqual({ code: "ERR_DKG_TIMEOUT", culprits: [4], settled: kind !== "confirm" });
    ceremony.run();
    for (const party of [2, 3]) {
      expect(ceremony.output(party).done).toBeUndefined();
      expect(ceremony.output(party).abort).toMatchObject({ code: "ERR_DKG_TIMEOUT", culprits: [1, 4] });
    }
  });

  test("of the network alone: a timeout after the end changes nothing", () => {
    const ceremony = begin().run();
    const output = ceremony.step(1, { kind: "timeout" });
    expect(output).toMatchObject({ ignored: "ERR_DKG_PHASE", send: [] });
    expect(output.state.phase).toBe("certified");
  });
});

describe("giving up after signing", () => {
  /** Oracle 4's confirmation reaches oracle 3 alone, so 3 is done and 1 and 2 are not. */
  const split = () =>
    begin(lies(4, ({ body }, to) => (body.kind === "confirm" && to !== 3 ? undefined : body))).run();

  test("keeps the shares, and the certificate of one that is done completes it all the same", () => {
    const ceremony = split();
    expect(ceremony.output(3).done).toHaveLength(2);
    const gaveUp = ceremony.step(1, { kind: "timeout" });
    expect(gaveUp.abort).toMatchObject({ culprits: [4], settled: false });
    expect(gaveUp.state).toMatchObject({ phase: "aborting", polynomials: [] });
    ceremony.run();
    expect(ceremony.parties.map((party) => ceremony.state(party).phase)).toEqual(Array(4).fill("certified"));
    expect(ceremony.output(1).done?.map((key) => key.poolKey)).toEqual(
      ceremony.output(3).done?.map((key) => key.poolKey),
    );
  });

  test("a late confirmation alone does not complete what was given up", () => {
    const ceremony = split();
    const late = encodeDkgMessage({
      version: 1,
      ceremony: ceremony.params.ceremony,
      party: 4,
      body: { kind: "confirm", ...(ceremony.state(4).confirms[3] ?? missingConfirm()) },
    });
    ceremony.step(1, { kind: "timeout" });
    ceremony.queue = [];
    const output = ceremony.step(1, { kind: "message", from: 4, payload: late });
    expect(output).toMatchObject({ ignored: "ERR_DKG_PHASE", state: { phase: "aborting" } });
  });

  test("shares go when all n gave up, and not before", () => {
    const cutOff: Tamper = (envelope) => {
      const { body } = decodeDkgMessage(envelope.payload);
      const cut =
        (envelope.from === 4 || envelope.to === 4) && body.kind !== "round1" && body.kind !== "round2";
      return cut ? [] : [envelope];
    };
    const ceremony = begin(cutOff).run();
    ceremony.step(1, { kind: "timeout" });
    ceremony.run();
    for (const party of [1, 2, 3]) {
      expect(ceremony.output(party).abort).toMatchObject({ code: "ERR_DKG_TIMEOUT", settled: false });
      expect(ceremony.state(party).keys).toHaveLength(2);
    }
    ceremony.tamper = (envelope) => [envelope];
    for (const party of ceremony.parties) ceremony.step(party, { kind: "resume" });
    ceremony.run();
    for (const party of ceremony.parties) {
      expect(ceremony.output(party).abort).toMatchObject({ settled: true });
      expect(ceremony.state(party)).toMatchObject({ phase: "aborted", keys: [] });
    }
  });

  test("a certificate with a signature missing or doubled is not one", () => {
    const ceremony = split();
    const signatures = ceremony.state(3).confirms.map((confirm) => confirm?.signature ?? new Uint8Array(64));
    const [first = new Uint8Array(64)] = signatures;
    for (const bad of [signatures.slice(0, 3), signatures.with(3, first), [...signatures, first], []]) {
      const body: Body = { kind: "certificate", signatures: bad };
      const payload = encodeDkgMessage({ version: 1, ceremony: ceremony.params.ceremony, party: 4, body });
      const output = ceremony.step(1, { kind: "message", from: 4, payload });
      expect(output).toMatchObject({ ignored: "ERR_DKG_CERTIFICATE", state: { phase: "confirming" } });
    }
  });
});

function missingConfirm(): never {
  throw new Error("no confirmation");
}

describe("strangers and noise", () => {
  test("garbage, other ceremonies and borrowed names change nothing", () => {
    const ceremony = begin();
    const before = ceremony.state(1);
    const [envelope] = ceremony.queue.filter(({ from, to }) => from === 4 && to === 1);
    if (envelope === undefined) throw new Error("nothing under way");
    const elsewhere = envelope.payload.slice();
    elsewhere[1] = (elsewhere[1] ?? 0) ^ 1;
    const cases = [
      [{ from: 4, payload: new Uint8Array(10) }, "ERR_ENCODING"],
      [{ from: 4, payload: Uint8Array.from([...envelope.payload, 0]) }, "ERR_ENCODING"],
      [{ from: 4, payload: elsewhere }, "ERR_DKG_CEREMONY"],
      [{ from: 3, payload: envelope.payload }, "ERR_DKG_SENDER"],
    ] as const;
    for (const [message, ignored] of cases) {
      const output = ceremony.step(1, { kind: "message", ...message });
      expect(output).toMatchObject({ ignored, send: [] });
      expect(output.state).toEqual(before);
    }
  });

  test("an abort nobody signed is not one", () => {
    const ceremony = begin();
    const accusation = { party: 3, code: "ERR_DKG_SHARE", culprits: [1], signature: new Uint8Array(64) };
    const id = ceremony.params.ceremony;
    const signature = ceremony.context(4).sign(abortInput(id, 4));
    for (const body of [
      { kind: "abort", accusation, signature },
      { kind: "abort", accusation: { ...accusation, party: 4 }, signature: new Uint8Array(64) },
    ] as const) {
      const payload = encodeDkgMessage({ version: 1, ceremony: id, party: 4, body });
      const output = ceremony.step(1, { kind: "message", from: 4, payload });
      expect(output).toMatchObject({ ignored: "ERR_DKG_SIGNATURE", state: { phase: "sharing" } });
    }
  });
});

test("wiping clears the secrets of a state that a later one dropped", () => {
  const ceremony = begin();
  const before = ceremony.state(1);
  wipeDkgState(before, before);
  const isZero = (secret: Uint8Array) => secret.every((byte) => byte === 0);
  expect(before.polynomials.flat().some(isZero)).toBe(false);
  const after = ceremony.step(1, { kind: "timeout" }).state;
  wipeDkgState(before, after);
  expect(before.polynomials.flat().every(isZero)).toBe(true);
  expect(before.dealt.flatMap((shares) => shares ?? []).every(isZero)).toBe(true);
});
