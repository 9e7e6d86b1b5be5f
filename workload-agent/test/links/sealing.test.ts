import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { portableGroup } from "@ipse/protocol/group";
import {
  headerHash,
  SEALED_DELTA_BYTES,
  SEALING_ENC_BYTES,
  SEALING_INFO,
  type SignedHeader,
  sealingAad,
} from "@ipse/protocol/session";
import type { AgentMessage } from "@ipse/protocol/wire";
import { describe, expect, it, onTestFinished } from "vitest";
import { OracleLink } from "../../src/links/oracle-link.ts";
import { sealDelta } from "../../src/links/sealing.ts";
import { kernelEntropy, systemTimers } from "../../src/platform/index.ts";
import { OracleStub, VOTE_KEY } from "../tools/oracle-stub.ts";
import { until } from "../tools/until.ts";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});
const exact = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer;
const hash = (fill: number) => new Uint8Array(32).fill(fill);

const signed: SignedHeader = {
  header: {
    version: 1,
    rosterHash: hash(1),
    instance: hash(2),
    seq: 5,
    parent: hash(3),
    kind: "ratchet",
    bodyHash: hash(4),
    ratchet: true,
    shareVersion: 3,
    groupEpoch: 0,
    identityKeyVersion: 0,
    nextChainKey: hash(5),
  },
  chainSignature: new Uint8Array(64),
  evidenceSignature: new Uint8Array(64),
};

async function receiver() {
  const pair = await suite.kem.generateKeyPair();
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
  const open = (sealed: Uint8Array, oracle: number) => {
    const { instance, seq } = signed.header;
    const aad = sealingAad(instance, seq, headerHash(signed.header), oracle);
    const enc = exact(sealed.subarray(0, SEALING_ENC_BYTES));
    const params = { recipientKey: pair.privateKey, enc, info: exact(SEALING_INFO) };
    return suite.open(params, exact(sealed.subarray(SEALING_ENC_BYTES)), exact(aad));
  };
  return { publicKey, open };
}

describe("a sealed delta", () => {
  it("opens for its oracle and its step alone", async () => {
    const { publicKey, open } = await receiver();
    const delta = hash(42);
    const sealed = await sealDelta(publicKey, signed, 3, delta);
    expect(sealed).toHaveLength(SEALED_DELTA_BYTES);
    expect(new Uint8Array(await open(sealed, 3))).toEqual(delta);
    await expect(open(sealed, 4)).rejects.toThrow();
  });

  it("is fresh every time", async () => {
    const { publicKey } = await receiver();
    const one = await sealDelta(publicKey, signed, 1, hash(1));
    expect(await sealDelta(publicKey, signed, 1, hash(1))).not.toEqual(one);
  });

  it("is sealed on the way, wiped after that, and nothing overtakes it", async () => {
    const { publicKey, open } = await receiver();
    const stub = await OracleStub.start({ sealingKey: publicKey });
    const link = new OracleLink(
      {
        oracle: 1,
        voteKey: VOTE_KEY,
        group: portableGroup,
        entropy: kernelEntropy(),
        timers: systemTimers,
        events: () => {},
        endpoint: () => ({ sessionUrl: stub.url, tlsPin: new Uint8Array(32) }),
      },
      { onUp: () => {}, onDown: () => {}, onMessage: () => {} },
    );
    onTestFinished(() => link.stop());
    link.start();
    await until("the link is up", () => link.up);
    const step: AgentMessage = {
      kind: "step",
      signed,
      body: { messages: [], ratchet: undefined },
      parent: undefined,
      sealedDelta: undefined,
    };
    const delta = hash(42);
    const status: AgentMessage = { kind: "status", instance: hash(2), challenge: hash(6) };
    expect(link.send(1, step, delta)).toBe(true);
    expect(link.send(2, status)).toBe(true);
    expect(link.send(3, step)).toBe(true);
    await until("all frames arrived", () => stub.frames.length === 3);
    expect(stub.frames.map(({ id }) => id)).toEqual([1, 2, 3]);
    const [first] = stub.frames;
    const sealed = first?.message.kind === "step" ? first.message.sealedDelta : undefined;
    expect(new Uint8Array(await open(sealed ?? new Uint8Array(), 1))).toEqual(hash(42));
    expect(delta).toEqual(hash(0));
  });
});
