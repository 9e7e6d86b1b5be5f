import { utf8 } from "../bytes.ts";
import { encode, type Hash, type Infer, struct, u16, u64 } from "../encoding/index.ts";
import { hash32 } from "../ids.ts";

/**
 * How A_i travels (SPEC section 6): HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and ChaCha20Poly1305, to the key of the oracle's HELLO. Sealing itself is the edges';
 * what both sides must agree on stands here.
 */
export const SEALING_INFO = utf8("ipse/v1/delta");

/** Bytes of the encapsulated key: `sealedDelta` is this, then the ciphertext. */
export const SEALING_ENC_BYTES = 32;
/** Bytes of a sealed delta: encapsulated key, scalar, tag. */
export const SEALED_DELTA_BYTES = SEALING_ENC_BYTES + 32 + 16;

/** What a sealed delta belongs to: this step of this instance, for this oracle alone. */
const sealingContext = struct({ instance: hash32, seq: u64, headerHash: hash32, oracle: u16 });
export type SealingContext = Infer<typeof sealingContext>;

/** The additional data: instance, seq, header hash and oracle id, fixed width and big-endian. */
export function sealingAad(instance: Hash, seq: number, headerHash: Hash, oracle: number): Uint8Array {
  return encode(sealingContext, { instance, seq, headerHash, oracle });
}
