import { hash32, IpseError, ORACLES_MAX, oracleId, TEXT_BYTES_MAX } from "@ipse/protocol";
import {
  constant,
  decode,
  encode,
  type Infer,
  list,
  optional,
  struct,
  text,
  u32,
} from "@ipse/protocol/encoding";
import { signedRoster } from "@ipse/protocol/registry";

/** What an agent knows of its cluster from the enrollment on; public, kept beside the state in one file. */
export const cluster = struct({
  version: constant(1),
  /** The roster the instance lives under, for ever. */
  roster: signedRoster,
  bootstrap: list(
    struct({ oracle: oracleId, sessionUrl: text(TEXT_BYTES_MAX), tlsPin: hash32 }),
    ORACLES_MAX,
  ),
  /** The join URI's wish; `run --heartbeat-ms` overrides it. */
  heartbeatMs: optional(u32),
});
export type Cluster = Infer<typeof cluster>;

export function encodeCluster(value: Cluster): Uint8Array {
  return encode(cluster, value);
}

/** Throws ERR_STATE_NEWER or ERR_STATE_CORRUPT. */
export function decodeCluster(bytes: Uint8Array): Cluster {
  try {
    return decode(cluster, bytes);
  } catch (cause) {
    const newer = cause instanceof IpseError && cause.code === "ERR_ENCODING_VERSION";
    if (newer) throw new IpseError("ERR_STATE_NEWER", "the state file is of a newer ipse-agent", { cause });
    throw new IpseError("ERR_STATE_CORRUPT", "the state file's cluster part is damaged", { cause });
  }
}
