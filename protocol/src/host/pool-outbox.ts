import type { DkgSend, DkgState } from "../dkg/index.ts";
import type { Hash } from "../encoding/index.ts";
import type { CeremonyBook } from "./ceremony-book.ts";
import type { PeerLinks } from "./oracle-api.ts";
import { encodePoolMessage, type PoolMessage } from "./pool-wire.ts";

/** Who began a ceremony, and under which serial of its own. */
export interface CeremonyOrigin {
  readonly id: Hash;
  readonly initiator: number;
  readonly serial: number;
}

export function post(
  peers: PeerLinks,
  { channel }: Pick<CeremonyBook, "channel">,
  to: number,
  message: PoolMessage,
): void {
  peers.send(to, { kind: channel, payload: encodePoolMessage(message) });
}

/** Sends a ceremony's messages. Whoever shows no sign of having joined mine gets the proposal with them. */
export function postAll(
  peers: PeerLinks,
  book: CeremonyBook,
  { id, initiator, serial }: CeremonyOrigin,
  state: DkgState,
  sends: readonly DkgSend[],
): void {
  const open = state.phase !== "certified" && state.phase !== "aborted";
  const { rosterHash, count } = state.params;
  const inviting = initiator === state.party && state.phase === "sharing";
  for (const { to, payload } of sends) {
    if (inviting && state.round1[to - 1] === undefined)
      post(peers, book, to, { kind: "propose", rosterHash, serial, count });
    post(peers, book, to, { kind: "message", ceremony: id, open, payload });
  }
}
