import type { Scenario } from "./scenario.ts";

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  outer: for (let i = 0; i + needle.length <= haystack.length; i++) {
    for (let k = 0; k < needle.length; k++) if (haystack[i + k] !== needle[k]) continue outer;
    return true;
  }
  return false;
}

/**
 * Nonces on a disk are impossible by construction: in the symbolic group a
 * commitment shows its own discrete logarithm, so every disk can be searched for it.
 */
export const persistedNonces: Scenario = {
  number: 32,
  name: "persisted-nonces",
  expected: ["PREV"],
  summary: "Every oracle's disk is searched for the secret nonces of the slots it gave out.",
  script: (stage) => {
    const { victim, world } = stage;
    const nonces: Uint8Array[] = [];
    world.observers.push({
      oracleSaid: (_oracle, _packet, message) => {
        if (message.kind !== "ordered" || message.slot === undefined) return;
        for (const { hiding, binding } of message.slot.commitments) nonces.push(hiding, binding);
      },
    });
    stage.sign(victim);
    stage.sign(victim);
    stage.run(200);
    const symbolic = stage.group.name.startsWith("symbolic");
    stage.must(nonces.length > 0, "slots were given out");
    for (const oracle of world.oracles) {
      for (const value of oracle.store.image().values()) {
        const found = symbolic && nonces.some((nonce) => contains(value, nonce.subarray(0, 8)));
        stage.must(!found, `${oracle.name} has written a nonce`);
      }
    }
  },
};
