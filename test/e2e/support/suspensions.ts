import type { Agent, Cluster } from "../../src/processes/index.ts";

/** Whatever an oracle logs when it stops serving an instance, or finds that something is wrong with it. */
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

/** Everything bad that any oracle ever logged, as text for an assertion. */
export function suspensions(cluster: Cluster): string[] {
  return cluster.oracles
    .flatMap(({ id }) => cluster.log(id))
    .filter(({ name }) => BAD.includes(name))
    .map(({ oracle, name, fields }) => `oracle ${oracle}: ${name} ${String(fields["instance"] ?? "")}`);
}

/** The statuses of all instances, as b+1 oracles tell them. */
export async function statuses(cluster: Cluster): Promise<string[]> {
  const { instances, disputed } = await cluster.json(["instance", "list"]);
  const agreed = instances as { status: string }[];
  return [...agreed.map(({ status }) => status), ...(disputed as object[]).map(() => "disputed")];
}

/** A signature by whoever asks the agent; throws the code of a refusal. */
export async function mustSign(agent: Agent, text: string): Promise<Buffer> {
  const { signature, code } = await agent.sign(Buffer.from(text));
  if (signature === undefined) throw new Error(`${text}: refused with ${code}`);
  return signature;
}
