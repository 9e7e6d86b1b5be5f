import { dkgState, poolKey } from "../dkg/index.ts";
import { constant, type Infer, list, struct, u64, varBytes } from "../encoding/index.ts";
import { hash32, key32, oracleId } from "../ids.ts";
import { RESERVATIONS_PER_USE_MAX } from "../limits.ts";
import { pointTable, table } from "./table.ts";

/** SECRET: a ceremony that is not over here, by its id. */
export const ceremonyRecord = struct({
  version: constant(1),
  initiator: oracleId,
  serial: u64,
  state: dkgState,
});
export type CeremonyRecord = Infer<typeof ceremonyRecord>;
export const ceremonies = table("ceremony", ceremonyRecord);

/** How a ceremony ended: this oracle's last message of it, for peers that have not heard. */
export const ceremonyEnd = struct({ endedAtMs: u64, payload: varBytes(8192) });
/** Kept for good, and small: n signatures for a whole batch of keys. */
export const certifiedCeremonies = table("ceremony-certified", ceremonyEnd);
/** The newest few. */
export const abortedCeremonies = table("ceremony-aborted", ceremonyEnd);
export const ceremonySerial = struct({ serial: u64 });
/** The highest serial of each initiator that this oracle took part in; key: oracleKey. */
export const ceremonySerials = pointTable("ceremony-serial", ceremonySerial);

/** The pool keys this oracle owns, by key id. */
export const poolKeys = pointTable("pool-key", poolKey);
/** Those of them that are not reserved yet. */
export const freeKeys = table("pool-free", struct({ rosterHash: hash32 }));
/** What was reserved under one ticket use; key: ticketUseKey. */
const usesReserved = struct({
  given: list(struct({ evidenceKey: key32, poolKeyId: hash32 }), RESERVATIONS_PER_USE_MAX),
});
export const reservedUses = pointTable("reserved-use", usesReserved);
