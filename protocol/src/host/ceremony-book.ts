import { ceremonyKeysMax } from "../dkg/index.ts";
import type { Hash, Infer } from "../encoding/index.ts";
import { issuerCeremonyId } from "../issuer/issuer-key.ts";
import type { Roster } from "../registry/roster.ts";
import {
  abortedCeremonies,
  type CeremonyRecord,
  ceremonies,
  ceremonyEnd,
  ceremonyRecord,
  ceremonySerial,
  ceremonySerials,
  certifiedCeremonies,
} from "./pool-records.ts";
import { ceremonyId, type ceremonyName } from "./pool-wire.ts";
import { type Table, table } from "./table.ts";

/**
 * What a ceremony's keys are for. Each purpose has its own names of ceremonies (so that no certificate of one
 * stands for the other), its own records and its own messages.
 */
export interface CeremonyBook {
  readonly name: "pool" | "issuer";
  /** The kind of peer message that carries it. */
  readonly channel: "dkg" | "issuerDkg";
  readonly ceremonies: Table<CeremonyRecord>;
  readonly serials: Table<Infer<typeof ceremonySerial>>;
  readonly certified: Table<Infer<typeof ceremonyEnd>>;
  readonly aborted: Table<Infer<typeof ceremonyEnd>>;
  ceremonyId(name: Infer<typeof ceremonyName>): Hash;
  /** Whether a ceremony of this purpose has so many keys. */
  fits(count: number, roster: Roster): boolean;
}

/** Identity keys: as many for each oracle. */
export const poolBook: CeremonyBook = {
  name: "pool",
  channel: "dkg",
  ceremonies,
  serials: ceremonySerials,
  certified: certifiedCeremonies,
  aborted: abortedCeremonies,
  ceremonyId,
  fits: (count, { oracles, quorum }) =>
    count >= 1 && count % oracles.length === 0 && count <= ceremonyKeysMax(quorum),
};

/** The key under which tokens are signed: one of each ceremony. */
export const issuerBook: CeremonyBook = {
  name: "issuer",
  channel: "issuerDkg",
  ceremonies: table("issuer-ceremony", ceremonyRecord),
  serials: table("issuer-ceremony-serial", ceremonySerial),
  certified: table("issuer-ceremony-certified", ceremonyEnd),
  aborted: table("issuer-ceremony-aborted", ceremonyEnd),
  ceremonyId: issuerCeremonyId,
  fits: (count) => count === 1,
};
