import { byteKey, concatBytes, utf8 } from "@ipse/protocol";
import { bytes, decode, struct, u64 } from "@ipse/protocol/encoding";
import { burnKey } from "@ipse/protocol/issuer";
import { parseCompactJwt } from "@ipse/protocol/oauth";
import type { OracleProcess } from "../world/index.ts";
import type { Checker } from "./checker.ts";
import { type CosignedPart, watchCosigning } from "./cosigning.ts";

/** As the protocol writes it (issuer-records.ts); read off the disk, not out of a process. */
export const BURN_PREFIX = concatBytes(utf8("token-burn"), Uint8Array.of(0));
const burnRow = struct({ untilMs: u64, digest: bytes(32) });

function assertionBurn({ subject }: CosignedPart): Uint8Array {
  const { claims } = parseCompactJwt(subject.request.assertion);
  return burnKey("assertion", String(claims["iss"]), String(claims["jti"]));
}

/** What this oracle's disk says the assertion was used for. */
function burntFor({ store }: OracleProcess, key: Uint8Array): string | undefined {
  const row = store.get(concatBytes(BURN_PREFIX, key));
  return row === undefined ? undefined : byteKey(decode(burnRow, row).digest);
}

/** SPEC section 10: one assertion yields at most one token, because each co-signer burns it durably before it commits. */
export const tokenOnce: Checker = {
  name: "token-once",
  promise:
    "one client assertion yields at most one token, and is burnt durably before a nonce or share leaves",
  watch: ({ world, topology }) => {
    if (world.issuer === undefined) return {};
    /** assertion -> attempt -> oracles whose share its coordinator can have. */
    const shares = new Map<string, Map<string, Set<number>>>();
    const burnt = (part: CosignedPart): void => {
      const oracle = world.oracle(part.oracle);
      if (oracle.correct && burntFor(oracle, assertionBurn(part)) !== part.digest)
        world.violate(
          "token-once",
          `${oracle.name} answers for an assertion it has not burnt for this attempt`,
        );
    };
    const count = (part: CosignedPart): void => {
      burnt(part);
      const key = assertionBurn(part);
      const assertion = byteKey(key);
      const attempts = shares.get(assertion) ?? new Map<string, Set<number>>();
      shares.set(assertion, attempts);
      const signers = attempts.get(part.digest) ?? new Set();
      attempts.set(part.digest, signers.add(part.oracle));
      const coordinator = world.oracle(part.coordinator);
      // Its own share does not travel: a liar always has it, an honest one once it has burnt for this attempt.
      if (!coordinator.correct || burntFor(coordinator, key) === part.digest) signers.add(part.coordinator);
      const tokens = [...attempts.values()].filter((one) => one.size >= topology.quorum).length;
      if (tokens > 1) world.violate("token-once", `${tokens} tokens can be made of one assertion`);
    };
    return watchCosigning(burnt, count);
  },
};
