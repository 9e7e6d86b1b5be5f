import { byteKey, toHex } from "@ipse/protocol";
import { attemptDigest, type CosignSubject } from "@ipse/protocol/issuer";
import type { Observer } from "../world/index.ts";

/** A co-signer's word in one attempt at a token, and what it is about. */
export interface CosignedPart {
  readonly oracle: number;
  readonly coordinator: number;
  /** What its burns are bound to. */
  readonly digest: string;
  readonly subject: Extract<CosignSubject, { kind: "token" }>;
}

/** Follows co-signing on the wire: `committed` and `shared` are told of every commitment and share for a token. */
export function watchCosigning(
  committed: (part: CosignedPart) => void,
  shared: (part: CosignedPart) => void,
): Observer {
  const proposed = new Map<string, CosignedPart>();
  const slots = new Map<string, CosignedPart>();
  return {
    peerSent: (from, to, message) => {
      if (message.kind !== "cosign") return;
      const { attempt, message: said } = message;
      const name = toHex(attempt);
      if (said.kind === "propose") {
        const { keyId, subject } = said;
        if (subject.kind !== "token") return;
        const digest = byteKey(attemptDigest({ coordinator: from, attempt, keyId, subject }));
        proposed.set(`${from}/${to}/${name}`, { oracle: to, coordinator: from, digest, subject });
        return;
      }
      if (said.kind !== "commitment" && said.kind !== "share") return;
      const slot = `${to}/${from}/${name}/${toHex(said.slotId)}`;
      const part = said.kind === "share" ? slots.get(slot) : proposed.get(`${to}/${from}/${name}`);
      if (part === undefined) return;
      if (said.kind === "share") return shared(part);
      slots.set(slot, part);
      committed(part);
    },
  };
}
