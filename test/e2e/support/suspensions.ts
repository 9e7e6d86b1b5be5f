import { expect } from "vitest";
import { type Agent, type Cluster, signatureVerifies } from "../../src/processes/index.ts";

/** Whatever an oracle logs when it stops serving an instance, or finds that something is wrong with it or itself. */
const BAD = [
  "fork.detected",
  "fork.suspected",
  "instance.stale",
  "certified.twice",
  "oracle.equivocation",
  "oracle.fenced",
  "store.failed",
  "ratchet.bad-dealing",
];

/** Everything bad that any oracle ever logged about an instance or about itself. */
function suspensions(cluster: Cluster, instance: string): string[] {
  return cluster.oracles
    .flatMap(({ id }) => cluster.log(id))
    .filter(({ name, fields }) => BAD.includes(name) && (fields["instance"] ?? instance) === instance)
    .map(({ oracle, name }) => `oracle ${oracle}: ${name}`);
}

/** A signature by whoever asks the agent; throws the code of a refusal. */
export async function mustSign(agent: Agent, text: string): Promise<Buffer> {
  const { signature, code } = await agent.sign(Buffer.from(text));
  if (signature === undefined) throw new Error(`${text}: refused with ${code}`);
  return signature;
}

/** Nobody ever doubted the instance, and it signs. */
export async function expectUnharmed(cluster: Cluster, agent: Agent): Promise<void> {
  const message = "alive after all";
  const signature = await mustSign(agent, message);
  expect(signatureVerifies(await agent.publicKey(), Buffer.from(message), signature)).toBe(true);
  const { instance, status } = await agent.status();
  expect([status, suspensions(cluster, String(instance))]).toEqual(["active", []]);
}

/** The same, and the operator sees it so. */
export async function expectActive(cluster: Cluster, agent: Agent): Promise<void> {
  await expectUnharmed(cluster, agent);
  const { instance } = await agent.status();
  expect((await cluster.json(["instance", "show", String(instance)]))["status"]).toBe("active");
}
