import {
  carried,
  type Hash,
  hashOf,
  type Infer,
  keyword,
  list,
  optional,
  refine,
  struct,
  taggedHash,
  u32,
  varBytes,
} from "../encoding/index.ts";
import { key32 } from "../ids.ts";
import {
  MESSAGE_BYTES_MAX,
  ORACLES_MAX,
  STEP_MESSAGE_BYTES_MAX,
  STEP_MESSAGES_MAX,
  THRESHOLD_MAX,
} from "../limits.ts";

/** What a message to sign says it is (SPEC section 10); judged at COMMIT, never at the vote. */
export const MESSAGE_TYPES = ["assertion", "attestation", "http-signature", "wimse", "raw"] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** One message: `payload` is exactly what the threshold signature is over. */
export const message = struct({ type: keyword(MESSAGE_TYPES), payload: varBytes(MESSAGE_BYTES_MAX) });
export type Message = Infer<typeof message>;

/** A ratchet's public part: the NEW absolute commitment vector F' and, per oracle 1..n, the base version. */
export const ratchetPart = struct({ commitments: list(key32, THRESHOLD_MAX), bases: list(u32, ORACLES_MAX) });
export type RatchetPart = Infer<typeof ratchetPart>;

const messages = refine(
  list(message, STEP_MESSAGES_MAX),
  (all) => all.reduce((sum, one) => sum + one.payload.length, 0) <= STEP_MESSAGE_BYTES_MAX,
  `more than ${STEP_MESSAGE_BYTES_MAX} bytes of messages`,
);

/** The body of every step but ENROLL. */
export const body = struct({ messages, ratchet: optional(ratchetPart) });
export type Body = Infer<typeof body>;

export const EMPTY_BODY: Body = { messages: [], ratchet: undefined };

/** body_hash = H(H(messages), H(ratchet)). */
export const bodyHash: (value: Body) => Hash = carried((value) =>
  taggedHash(
    "ipse/v1/body",
    hashOf("ipse/v1/body-messages", messages, value.messages),
    hashOf("ipse/v1/body-ratchet", optional(ratchetPart), value.ratchet),
  ),
);
