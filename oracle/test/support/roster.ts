import { portableGroup } from "@ipse/protocol/group";
import { NO_PREVIOUS, type Roster, type SignedRoster } from "@ipse/protocol/registry";
import type { SigningKey } from "../../src/keys/index.ts";
import { signRoster } from "../../src/operator/index.ts";

export const group = portableGroup;
export const NOW_MS = Date.UTC(2026, 0, 1);

export function keyOf(fill: number): SigningKey {
  const seed = new Uint8Array(32).fill(fill);
  return { seed, publicKey: group.ed25519.publicKey(seed) };
}

export const operator = keyOf(200);

/** Four oracles whose vote seeds are 32 bytes of their id. */
export const roster: Roster = {
  version: 1,
  trustDomain: "test.ipse",
  issuer: "https://issuer.test",
  serial: 1,
  previous: NO_PREVIOUS,
  operators: [
    {
      name: "op",
      publicKey: operator.publicKey,
      roles: ["mint", "contain"],
      notBeforeMs: NOW_MS - 1000,
      notAfterMs: NOW_MS + 10 ** 12,
    },
  ],
  mintThreshold: 1,
  oracles: [1, 2, 3, 4].map((id) => ({ id, voteKey: keyOf(id).publicKey })),
  quorum: 3,
  byzantineMax: 1,
};

export const signedRoster: SignedRoster = signRoster(group, roster, [operator]);
