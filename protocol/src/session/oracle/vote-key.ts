import type { Group } from "../../group/group.ts";

/** This oracle's vote key, expanded once: it signs every vote, answer and refusal of the process. */
export interface VoteKey {
  readonly publicKey: Uint8Array;
  sign(input: Uint8Array): Uint8Array;
}

export function voteKeyFrom({ ed25519 }: Group, seed: Uint8Array): VoteKey {
  return { publicKey: ed25519.publicKey(seed), sign: ed25519.signer(seed) };
}
