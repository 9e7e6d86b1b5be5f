import { commitmentList, signingPackage, validateCommitment } from "@ipse/protocol/frost";
import type { Scalar } from "@ipse/protocol/group";
import type { AgentPacket } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** Whether these z's and no others complete message 0 of a COMMIT. */
export function completes(
  stage: Stage,
  packet: AgentPacket,
  message: Uint8Array,
  shares: readonly Uint8Array[],
): boolean {
  const { group, genesis, topology } = stage;
  if (packet.message.kind !== "commit") return false;
  const [list] = packet.message.commit.commitmentLists;
  if (list === undefined) return false;
  const signing = signingPackage(group, {
    rule: "mandatory",
    threshold: topology.quorum,
    groupPublicKey: group.decodePoint(genesis.identityKey),
    commitments: commitmentList(list.map((entry) => validateCommitment(group, entry))),
    message,
  });
  const z = shares.reduce<Scalar>(
    (sum, share) => group.scalarAdd(sum, share as Scalar),
    group.scalarFromNumber(0),
  );
  const signature = new Uint8Array(64);
  signature.set(signing.groupCommitment);
  signature.set(z, 32);
  return group.ed25519.verify(genesis.identityKey, message, signature);
}

/** An oracle relays the COMMIT it got to all others and collects every z_i: without z_W it has nothing. */
export const relayedCommit: Scenario = {
  number: 53,
  name: "relayed-commit",
  expected: ["PREV"],
  summary:
    "A relaying oracle collects every oracle's signature share, has no signature, and keeps the workload from none.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    let commit: AgentPacket | undefined;
    let held = true;
    const shares = new Map<number, Uint8Array>();
    world.network.toOracle.push((packet) => {
      if (packet.message.kind !== "commit" || !held) return true;
      commit ??= packet;
      return false;
    });
    world.observers.push({
      oracleSaid: (oracle, _packet, message) => {
        if (message.kind !== "shares") return;
        const [first] = message.results;
        if (first?.kind === "share") shares.set(oracle.id, first.z);
      },
    });
    const payload = new TextEncoder().encode("relayed");
    victim.submit("relayed");
    stage.until(() => commit !== undefined, 5000, "a COMMIT is on its way");
    const caught = commit;
    if (caught === undefined) return;
    for (const { id } of world.oracles) world.inject({ ...caught, oracle: id }, "relay", () => undefined);
    stage.run(50);
    stage.must(shares.size >= stage.topology.quorum, "the relay gets every chosen oracle's share");
    const seen = stage.broken.has("secret-z")
      ? (victim.host?.snapshot().state.memory.signing?.attempt?.ownShares ?? [])
      : [];
    stage.must(
      !completes(stage, caught, payload, [...shares.values(), ...seen]),
      "without z_W there is no signature",
    );
    held = false;
    // From now on every COMMIT that a liar is sent reaches the others ahead of the workload's own frames.
    const liars = new Set(stage.someOracles(stage.topology.byzantine));
    for (const id of liars) world.oracle(id).byzantine = true;
    world.observers.push({
      agentSent: (_agent, { id: to }, packet) => {
        if (packet.message.kind !== "commit" || !liars.has(to)) return;
        for (const { id } of world.oracles)
          if (!liars.has(id))
            world.queue.after(0, () => world.inject({ ...packet, oracle: id }, "relay", () => undefined));
      },
    });
    for (let i = 0; i < 3; i++)
      stage.must(
        stage.sign(victim, `ahead ${i}`, 12_000),
        "a relay ahead of the workload stops no signature",
      );
  },
};
