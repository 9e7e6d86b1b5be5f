import { ed25519_FROST } from "@noble/curves/ed25519.js";
import type { Case } from "../measure/rounds.ts";
import { expectTrue, known, type Material, nodeVerifies, rescaledShare } from "./material.ts";

/*
 * @noble/curves' ed25519_FROST on the same key: rescaled shares make an RFC 9591 signer out of each
 * participant of the mandatory composition, so both sign the same messages under the same public key.
 */

const { Identifier } = ed25519_FROST;
type Secret = Parameters<typeof ed25519_FROST.signShare>[0];
type Public = Parameters<typeof ed25519_FROST.signShare>[1];
type Generated = ReturnType<typeof ed25519_FROST.commit>;

export interface NobleKey {
  readonly material: Material;
  readonly secrets: readonly Secret[];
  readonly pub: Public;
}

export function nobleKey(material: Material): NobleKey {
  const { group, signers, publicKey } = material;
  const secrets = signers.map((id) => ({
    identifier: Identifier.fromNumber(id),
    signingShare: rescaledShare(material, id),
  }));
  const verifyingShares = Object.fromEntries(
    secrets.map(({ identifier, signingShare }) => [identifier, group.baseMul(signingShare)]),
  );
  const pub = { signers: { min: 2, max: 65535 }, commitments: [publicKey, publicKey], verifyingShares };
  return { material, secrets, pub };
}

const openRound = ({ secrets }: NobleKey): Generated[] =>
  secrets.map((secret) => ed25519_FROST.commit(secret));
const listOf = (round: readonly Generated[]) => round.map(({ commitments }) => commitments);
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export function nobleCommitCase(key: NobleKey, name: string): Case {
  const secret = known(key.secrets[0], name);
  return {
    name,
    make: (count) => {
      let made = 0;
      return {
        run: () => {
          for (let i = 0; i < count; i++)
            if (ed25519_FROST.commit(secret).commitments.hiding.length === 32) made++;
        },
        check: () => expectTrue(made === count, name),
      };
    },
  };
}

export function nobleSignShareCase(key: NobleKey, name: string): Case {
  const { pub, material } = key;
  const secret = known(key.secrets[0], name);
  return {
    name,
    make: (count) => {
      const rounds = times(count, () => openRound(key));
      const shares: Uint8Array[] = [];
      return {
        run: () => {
          for (const round of rounds) {
            const { nonces } = known(round[0], name);
            shares.push(ed25519_FROST.signShare(secret, pub, nonces, listOf(round), material.message));
          }
        },
        check: () => {
          const list = listOf(known(rounds.at(-1), name));
          const share = known(shares.at(-1), name);
          expectTrue(ed25519_FROST.verifyShare(pub, list, material.message, secret.identifier, share), name);
        },
      };
    },
  };
}

function finish({ secrets, pub, material }: NobleKey, round: readonly Generated[]) {
  const list = listOf(round);
  const shares = Object.fromEntries(
    secrets.map((secret, i) => {
      const { nonces } = known(round[i], "nonces");
      return [secret.identifier, ed25519_FROST.signShare(secret, pub, nonces, list, material.message)];
    }),
  );
  return { list, shares };
}

/** Made once and checked many times: neither call consumes anything. */
export function nobleAggregateCase(key: NobleKey, name: string): Case {
  const { pub, material } = key;
  const { list, shares } = finish(key, openRound(key));
  return {
    name,
    make: (count) => {
      const signatures: Uint8Array[] = [];
      return {
        run: () => {
          for (let i = 0; i < count; i++)
            signatures.push(ed25519_FROST.aggregate(pub, list, material.message, shares));
        },
        check: () =>
          expectTrue(nodeVerifies(material.verifyKey, material.message, known(signatures[0], name)), name),
      };
    },
  };
}

export function nobleVerifyShareCase(key: NobleKey, name: string): Case {
  const { pub, material, secrets } = key;
  const { list, shares } = finish(key, openRound(key));
  const { identifier } = known(secrets[0], name);
  const share = known(shares[identifier], name);
  return {
    name,
    make: (count) => {
      let good = 0;
      return {
        run: () => {
          for (let i = 0; i < count; i++)
            if (ed25519_FROST.verifyShare(pub, list, material.message, identifier, share)) good++;
        },
        check: () => expectTrue(good === count, name),
      };
    },
  };
}
