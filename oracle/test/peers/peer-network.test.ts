import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PeerMessage } from "@ipse/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import { writeTlsKey } from "../../src/keys/index.ts";
import { signStatement } from "../../src/operator/index.ts";
import { PeerNetwork } from "../../src/peers/index.ts";
import { systemEntropy } from "../../src/ports/system.ts";
import { FakeNode } from "../support/fake-node.ts";
import { limits, openClient, openListener, quiet } from "../support/listener.ts";
import { group, NOW_MS, operator, roster } from "../support/roster.ts";

const want = (fill: number): PeerMessage => ({ kind: "want", hashes: [new Uint8Array(32).fill(fill)] });

describe("the links between oracles", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const networkOf = (oracle: number) => {
    const network = new PeerNetwork({
      oracle,
      group,
      entropy: systemEntropy,
      rosters: [roster],
      limits,
      log: quiet,
      backoffMaxMs: 100,
      handshakeMs: 1_000,
      patienceMs: 50,
    });
    cleanups.push(() => network.stop());
    return network;
  };
  /** An oracle that listens, with TLS of its own. */
  const oracle = async (id: number) => {
    const dir = mkdtempSync(join(tmpdir(), "ipse-peer-"));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
    const tlsPin = await writeTlsKey(join(dir, "crt"), join(dir, "key"), `oracle-${id}`, Date.now());
    const network = networkOf(id);
    const node = new FakeNode(id);
    const tls = { cert: readFileSync(join(dir, "crt")), key: readFileSync(join(dir, "key")) };
    const opened = await openListener(
      { tls, acceptPeer: (socket, wire) => network.accept(socket, wire) },
      node,
    );
    cleanups.push(opened.close);
    const sessionUrl = `https://127.0.0.1:${opened.port}`;
    return { ...opened, node, network, endpoint: { oracle: id, sessionUrl, oauthUrl: sessionUrl, tlsPin } };
  };
  const meet = (...all: Awaited<ReturnType<typeof oracle>>[]) => {
    for (const one of all) for (const { endpoint } of all) one.node.endpoints.set(endpoint.oracle, endpoint);
    for (const one of all) one.network.start(one.node);
  };

  it("come up over pinned TLS, proven both ways, and carry messages both ways", async () => {
    const [one, two] = [await oracle(1), await oracle(2)];
    meet(one, two);
    await until(() => one.network.connected.length === 1 && two.network.connected.length === 1);
    expect(one.network.send(2, want(1))).toBe(true);
    expect(two.network.send(1, want(2))).toBe(true);
    expect(one.network.send(3, want(3))).toBe(false);
    await until(() => one.node.peerEvents.length === 2 && two.node.peerEvents.length === 2);
    expect(one.node.peerEvents).toEqual([
      ["up", 2],
      ["message", 2, want(2)],
    ]);
    expect(two.node.peerEvents).toEqual([
      ["up", 1],
      ["message", 1, want(1)],
    ]);
  });

  it("come back after the other one was away", async () => {
    const [one, two] = [await oracle(1), await oracle(2)];
    meet(one, two);
    await until(() => one.network.connected.length === 1 && two.network.connected.length === 1);
    two.network.stop();
    await until(() => one.node.peerEvents.some(([event]) => event === "down"));
    const again = networkOf(2);
    const replacement = await openListener(
      { acceptPeer: (socket, wire) => again.accept(socket, wire) },
      two.node,
    );
    cleanups.push(replacement.close);
    const sessionUrl = `http://127.0.0.1:${replacement.port}`;
    one.node.endpoints.set(2, { oracle: 2, sessionUrl, oauthUrl: sessionUrl, tlsPin: new Uint8Array(32) });
    again.start(two.node);
    await until(() => again.connected.length === 1);
    expect(one.node.peerEvents.map(([event]) => event).slice(0, 3)).toEqual(["up", "down", "up"]);
  });

  it("are told by a higher id that moved where it is now, for as long as they do not dial it", async () => {
    const [one, two] = [await oracle(1), await oracle(2)];
    const nowhere = { ...two.endpoint, sessionUrl: "https://127.0.0.1:1", tlsPin: new Uint8Array(32) };
    one.node.endpoints.set(2, nowhere);
    two.node.endpoints.set(1, one.endpoint);
    const moved = signStatement(group, roster, [operator], { kind: "endpoint", ...two.endpoint }, NOW_MS);
    two.node.submitted.push(moved);
    one.node.onSubmit = ({ statement: { payload } }) => {
      if (payload.kind === "endpoint") one.node.endpoints.set(payload.oracle, payload);
    };
    one.network.start(one.node);
    two.network.start(two.node);
    await until(() => one.network.connected.length === 1 && two.network.connected.length === 1);
    // More than once where the link takes its time.
    expect(one.node.submitted[0]).toEqual(moved);
  });

  it("stay down towards another TLS key, and send it nothing", async () => {
    const [one, two] = [await oracle(1), await oracle(2)];
    const upgrades: unknown[] = [];
    two.listener.app.server.on("upgrade", (request) => upgrades.push(request));
    one.node.endpoints.set(2, { ...two.endpoint, tlsPin: new Uint8Array(32).fill(1) });
    one.network.start(one.node);
    two.network.start(two.node);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([one.network.connected, upgrades]).toEqual([[], []]);
  });

  it("cut off strangers, whatever they send, and never tell the core", async () => {
    const network = networkOf(2);
    const node = new FakeNode(2);
    network.start(node);
    const { port, close } = await openListener(
      { acceptPeer: (socket, wire) => network.accept(socket, wire) },
      node,
    );
    cleanups.push(close);
    for (const junk of [randomBytes(50), "text", new Uint8Array(), new Uint8Array(300_000)]) {
      const client = await openClient(`ws://127.0.0.1:${port}/v1/peer`);
      client.socket.send(junk);
      expect([1008, 1009]).toContain(await client.closed);
    }
    const silent = await openClient(`ws://127.0.0.1:${port}/v1/peer`);
    expect(await silent.closed).toBe(1008);
    expect(node.peerEvents).toEqual([]);
  });

  it("hold all four oracles together, one link per pair", async () => {
    const all = [await oracle(1), await oracle(2), await oracle(3), await oracle(4)];
    meet(...all);
    await until(() => all.every(({ network }) => network.connected.length === 3));
    for (const { node } of all) expect(node.peerEvents.filter(([event]) => event === "up")).toHaveLength(3);
  });
});
