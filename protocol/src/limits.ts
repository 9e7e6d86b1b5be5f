/** Every bound of the protocol in one place. Units stand last in the names. */

/** Messages one SIGN step may carry. */
export const STEP_MESSAGES_MAX = 64;
/** Bytes of one message to sign. */
export const MESSAGE_BYTES_MAX = 16 * 1024;
/** Bytes of all messages of one step together. */
export const STEP_MESSAGE_BYTES_MAX = 64 * 1024;
/** Oracles of one roster. */
export const ORACLES_MAX = 16;
/** Operators of one roster. */
export const OPERATORS_MAX = 16;
/** FROST threshold: points of one commitment vector. */
export const THRESHOLD_MAX = ORACLES_MAX;
/** Bytes of one frame on a session or peer connection. */
export const FRAME_BYTES_MAX = 256 * 1024;
/** Bytes of a SPIFFE ID (SPIFFE-ID specification, section 2.3). */
export const SPIFFE_ID_BYTES_MAX = 2048;
/** Bytes of any URL Ipse keeps. */
export const URL_BYTES_MAX = 2048;
/** Bytes of a reason, a name, a scope. */
export const TEXT_BYTES_MAX = 256;
/** Resources or scopes of one workload. */
export const GRANTS_MAX = 64;
/** Keys of one DKG ceremony. */
export const CEREMONY_KEYS_MAX = 1024;
/** Enrollments one ticket may allow. */
export const TICKET_USES_MAX = 1024;
/** Different evidence keys for which one owner reserves a key under one ticket use. */
export const RESERVATIONS_PER_USE_MAX = 4;
/** DKG ceremonies under way at one oracle. */
export const CEREMONIES_LIVE_MAX = 2;
/** Ceremonies an oracle signed and then gave up, while not all others did; none begins beyond this. */
export const CEREMONIES_UNSETTLED_MAX = 8;
/** Given-up ceremonies whose end an oracle can still tell a peer. */
export const CEREMONIES_ABORTED_KEPT = 64;

/** Certified steps an oracle keeps whatever their age. */
export const RETENTION_STEPS_MIN = 1024;
/** Age below which an oracle keeps every certified step. */
export const RETENTION_MS = 24 * 60 * 60 * 1000;
/** Stored undecided headers of one instance. */
export const UNDECIDED_HEADERS_MAX = 16;
/** Equivocations of one oracle that another keeps: one convicts it. */
export const EQUIVOCATIONS_PER_ORACLE_MAX = 64;
/** Share versions of one instance an oracle keeps at once. */
export const SHARE_VERSIONS_MAX = 8;
/** How long a nonce slot lives unless it is taken. */
export const NONCE_SLOT_MS = 10_000;
/** Live nonce slots of one instance. */
export const NONCE_SLOTS_PER_INSTANCE_MAX = 4;
/** Live nonce slots of one oracle process. */
export const NONCE_SLOTS_MAX = 100_000;

/** Gossip interval G. */
export const GOSSIP_INTERVAL_MS = 1000;
/** Steps younger than this are left to the workload to bring on, and looked at again when they are older. */
export const GOSSIP_SETTLE_MS = GOSSIP_INTERVAL_MS / 2;
/** Default heartbeat interval H. */
export const HEARTBEAT_MS = 10_000;
/** Lifetime of one session connection; its sealing key dies with it. */
export const CONNECTION_MS_MAX = 60 * 60 * 1000;

/** Characters of a join URI. */
export const JOIN_URI_CHARS_MAX = 16 * 1024;
/** Characters of a roster file. */
export const ROSTER_FILE_CHARS_MAX = 64 * 1024;
/** Lifetime of an access token a workload may be given. */
export const TTL_SECONDS_MAX = 24 * 60 * 60;
