import { type Infer, keyword, list, struct, text, union } from "../encoding/index.ts";
import { hash32, id16, key32, oracleId, scalar32 } from "../ids.ts";
import { cosignSubject } from "../issuer/proposal.ts";
import { ORACLES_MAX, TEXT_BYTES_MAX } from "../limits.ts";
import { OAUTH_ERROR_NAMES } from "../oauth/oauth-error.ts";

/**
 * One threshold signature under an issuer key (SPEC section 10), between its coordinator and one co-signer.
 * `attempt` is the coordinator's own random name; the connection says who it is.
 */
const cosignMessage = union({
  /** Coordinator: judge this, burn what it uses up, commit. */
  propose: [1, struct({ keyId: hash32, subject: cosignSubject })],
  commitment: [2, struct({ slotId: id16, hiding: key32, binding: key32 })],
  /** Coordinator: these sign; sign your part. */
  sign: [
    3,
    struct({
      slotId: id16,
      commitments: list(struct({ oracle: oracleId, hiding: key32, binding: key32 }), ORACLES_MAX),
    }),
  ],
  share: [4, struct({ slotId: id16, z: scalar32 })],
  refused: [5, struct({ error: keyword(OAUTH_ERROR_NAMES), reason: text(TEXT_BYTES_MAX) })],
});
export type CosignMessage = Infer<typeof cosignMessage>;

export const cosign = struct({ attempt: id16, message: cosignMessage });
