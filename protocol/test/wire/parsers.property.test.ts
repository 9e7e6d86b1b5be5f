import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDkgMessage, decodeDkgState } from "../../src/dkg/index.ts";
import { decode, encode } from "../../src/encoding/index.ts";
import { IpseError } from "../../src/errors.ts";
import { decodePoolMessage, encodePoolMessage } from "../../src/host/pool-wire.ts";
import { FRAME_BYTES_MAX } from "../../src/limits.ts";
import { judgeAttestation } from "../../src/policy/attestation.ts";
import { parseJoinUri } from "../../src/registry/join.ts";
import { signedReadRequest } from "../../src/registry/read.ts";
import { rosterFromJson } from "../../src/registry/roster-json.ts";
import { records } from "../../src/session/oracle/index.ts";
import { decodeState } from "../../src/session/workload/durable.ts";
import { encodePeerFrame, parsePeerFrame } from "../../src/wire/peer.ts";
import {
  encodeAgentFrame,
  encodeOracleFrame,
  parseAgentFrame,
  parseOracleFrame,
  reserveRequest,
} from "../../src/wire/session.ts";
import { hash, id16, u16, u32, upTo } from "../encoding/arbitraries.ts";
import { agentMessage, oracleMessage, peerMessage } from "./arbitraries.ts";

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Every way in for bytes that somebody else made, with valid bytes to damage where there are some. */
const parsers: readonly {
  readonly name: string;
  readonly parse: (bytes: Uint8Array) => unknown;
  readonly valid?: fc.Arbitrary<Uint8Array>;
}[] = [
  {
    name: "agent frame",
    parse: parseAgentFrame,
    valid: fc.tuple(u32, agentMessage).map(([id, message]) => encodeAgentFrame({ id, message })),
  },
  {
    name: "oracle frame",
    parse: parseOracleFrame,
    valid: fc.tuple(u32, oracleMessage).map(([id, message]) => encodeOracleFrame({ id, message })),
  },
  { name: "peer frame", parse: parsePeerFrame, valid: peerMessage.map(encodePeerFrame) },
  {
    name: "pool message",
    parse: decodePoolMessage,
    valid: fc
      .record({ ceremony: hash, open: fc.boolean(), payload: upTo(300) })
      .map((message) => encodePoolMessage({ kind: "message", ...message })),
  },
  { name: "DKG message", parse: decodeDkgMessage },
  { name: "DKG state", parse: decodeDkgState },
  { name: "workload state", parse: decodeState },
  { name: "instance record", parse: (bytes) => decode(records.instanceRecord, bytes) },
  { name: "read request", parse: (bytes) => decode(signedReadRequest, bytes) },
  { name: "reserve request", parse: (bytes) => decode(reserveRequest, bytes) },
  { name: "join URI", parse: (bytes) => parseJoinUri(`ipse-join:${text(bytes)}`) },
  { name: "roster.json", parse: (bytes) => rosterFromJson(text(bytes)) },
  { name: "DSSE encoding", parse: judgeAttestation },
  {
    name: "ticket use",
    parse: (bytes) => decode(records.ticketUses.codec, bytes),
    valid: hash.map((instance) => encode(records.ticketUses.codec, { instance })),
  },
];

function onlyOurErrors(parse: (bytes: Uint8Array) => unknown, input: Uint8Array): void {
  try {
    parse(input);
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
  }
}

/** Headers of lists and byte strings that promise more than there is. */
const greedy = fc
  .tuple(fc.uint8Array({ maxLength: 8 }), fc.constantFrom(0xff, 0x7f, 0x01), fc.nat(64))
  .map(([head, byte, count]) => Uint8Array.from([...head, ...Array.from({ length: count }, () => byte)]));

describe.each(parsers)("the parser of a $name", ({ parse, valid }) => {
  test("refuses or takes any bytes, and throws nothing of its own", () => {
    expect.hasAssertions();
    const inputs = fc.oneof(upTo(600), greedy);
    fc.assert(fc.property(inputs, (input) => onlyOurErrors(parse, input)));
    expect(true).toBe(true);
  });

  test("refuses or takes damaged messages, Buffers too", () => {
    expect.hasAssertions();
    const base = valid ?? fc.tuple(id16, u16).map(([id]) => id);
    fc.assert(
      fc.property(base, fc.nat(), fc.nat(255), (message, at, by) => {
        const changed = Buffer.from(message);
        const position = at % Math.max(1, changed.length);
        changed[position] = (changed[position] ?? 0) ^ by;
        onlyOurErrors(parse, changed);
        onlyOurErrors(parse, changed.subarray(0, position));
      }),
    );
    expect(true).toBe(true);
  });
});

test("a frame above the limit is refused before it is read", () => {
  const large = new Uint8Array(FRAME_BYTES_MAX + 1);
  for (const parse of [parseAgentFrame, parseOracleFrame, parsePeerFrame])
    expect(() => parse(large)).toThrow(/frame/);
});
