import { portableGroup } from "@ipse/protocol/group";
import { describe, expect, it } from "vitest";
import { openSession } from "../../src/links/session-connection.ts";
import { kernelEntropy } from "../../src/platform/index.ts";
import { OracleStub, type StubOptions, VOTE_KEY } from "../tools/oracle-stub.ts";
import { pinOfPem, TLS_ONE, TLS_OTHER } from "../tools/tls.ts";
import { until } from "../tools/until.ts";

const NO_PIN = new Uint8Array(32);

async function open(stub: OracleStub, tlsPin: Uint8Array, handshakeMs = 2000) {
  const ends: string[] = [];
  const connection = await openSession(
    {
      oracle: 1,
      voteKey: VOTE_KEY,
      endpoint: { sessionUrl: stub.url, tlsPin },
      group: portableGroup,
      entropy: kernelEntropy(),
      handshakeMs,
    },
    { onFrame: () => {}, onClose: (why) => ends.push(why) },
  );
  return { connection, ends };
}

describe("a session connection", () => {
  it("is made on plaintext loopback", async () => {
    const stub = await OracleStub.start();
    const { connection, ends } = await open(stub, NO_PIN);
    expect(connection.hello.oracle).toBe(1);
    connection.drop("enough");
    await until("the end is reported", () => ends.length === 1);
    expect(ends).toEqual(["enough"]);
  });

  it("is made over TLS with the pinned key", async () => {
    const stub = await OracleStub.start({ tls: TLS_ONE });
    const { connection } = await open(stub, pinOfPem(TLS_ONE.cert));
    expect(connection.hello.version).toBe(1);
    connection.drop("enough");
  });

  it("sends nothing to another TLS key", async () => {
    const stub = await OracleStub.start({ tls: TLS_OTHER });
    await expect(open(stub, pinOfPem(TLS_ONE.cert))).rejects.toMatchObject({ code: "ERR_LINK_PIN" });
    expect(stub.connections).toBe(0);
    expect(stub.sockets).toHaveLength(0);
  });

  it.each([
    ["wss://127.0.0.1:1", NO_PIN, "ERR_LINK_PIN"],
    ["ws://192.0.2.1:1", NO_PIN, "ERR_LINK_PLAINTEXT"],
    ["ws://127.0.0.1.example:1", NO_PIN, "ERR_LINK_PLAINTEXT"],
    ["ws://127.0.0.1:1", NO_PIN, "ERR_LINK_CONNECT"],
  ])("is refused for %s", async (sessionUrl, tlsPin, code) => {
    const options = { oracle: 1, voteKey: VOTE_KEY, group: portableGroup, entropy: kernelEntropy() };
    const handlers = { onFrame: () => {}, onClose: () => {} };
    await expect(
      openSession({ ...options, endpoint: { sessionUrl, tlsPin } }, handlers),
    ).rejects.toMatchObject({ code });
  });

  const lies: [string, StubOptions, string][] = [
    ["signs with another key", { signWith: new Uint8Array(32).fill(8) }, "vote key"],
    ["is another oracle", { twist: (hello) => ({ ...hello, oracle: 2 }) }, "another oracle"],
    [
      "answers an old challenge",
      { twist: (hello) => ({ ...hello, challenge: new Uint8Array(32) }) },
      "challenge",
    ],
    ["speaks another version", { twist: (hello) => ({ ...hello, version: 2 }) }, "version"],
    ["says nothing", { silent: true }, "no HELLO in time"],
  ];
  it.each(lies)("is refused to an oracle that %s", async (_name, options, why) => {
    const stub = await OracleStub.start(options);
    const refused = { code: "ERR_LINK_CONNECT", message: expect.stringContaining(why) };
    await expect(open(stub, NO_PIN, 300)).rejects.toMatchObject(refused);
  });

  it("ends when the oracle sends what is no frame", async () => {
    const stub = await OracleStub.start();
    const { ends } = await open(stub, NO_PIN);
    stub.sockets[0]?.send(new Uint8Array([1, 2, 3]));
    await until("the end is reported", () => ends.length === 1);
    expect(ends).toEqual(["truncated"]);
  });

  it("ends when the oracle sends more than a frame holds", async () => {
    const stub = await OracleStub.start();
    const { ends } = await open(stub, NO_PIN);
    stub.sockets[0]?.send(new Uint8Array(300 * 1024));
    await until("the end is reported", () => ends.length === 1);
    expect(ends[0]).toMatch(/WS_ERR_UNSUPPORTED_MESSAGE_LENGTH/);
  });
});
