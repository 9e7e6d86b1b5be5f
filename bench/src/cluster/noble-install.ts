import { register } from "node:module";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { Replacement } from "./noble-hooks.ts";

/*
 * For `node --import`: an oracle process that signs with noble-frost.ts. Production code has no switch for this;
 * those of its modules that make an oracle's part of a signature are given another module for frost/index.
 */

const FROST = import.meta.resolve("@ipse/protocol/frost");
/** Makes nonces, takes the commitments of a COMMIT in, makes signature shares. */
const SIGNING = ["host/nonce-vault.js", "session/oracle/on-commit.js", "host/oracle-sign.js"];

const importers = SIGNING.map((path) => new URL(`../${path}`, FROST).href);
const { port1, port2 } = new MessageChannel();
register<Replacement>("./noble-hooks.js", import.meta.url, {
  data: { module: FROST, by: new URL("./noble-frost.js", import.meta.url).href, importers, told: port2 },
  transferList: [port2],
});
await import("@ipse/protocol/host");

const reached = new Set<unknown>();
for (let told = receiveMessageOnPort(port1); told !== undefined; told = receiveMessageOnPort(port1))
  reached.add(told.message);
port1.close();
const missed = importers.filter((importer) => !reached.has(importer));
if (missed.length > 0) throw new Error(`still with FROST of our own: ${missed.join(", ")}`);
