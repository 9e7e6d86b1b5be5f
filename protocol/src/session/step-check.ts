import { equalBytes } from "../bytes.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { checkRatchet as checkRatchetClaim } from "../ratchet/index.ts";
import { type Body, bodyHash } from "./body.ts";
import type { InstanceConstants } from "./enroll-check.ts";
import { chainInput, evidenceInput, type Header, headerHash, type SignedHeader } from "./header.ts";

/** Whether a header names this parent: same instance and roster, next seq, parent hash. */
export function follows(header: Header, parent: Header): boolean {
  return (
    header.seq === parent.seq + 1 &&
    equalBytes(header.instance, parent.instance) &&
    equalBytes(header.rosterHash, parent.rosterHash) &&
    equalBytes(header.parent, headerHash(parent))
  );
}

/** Whether both signatures are good under the chain key the parent announced and the evidence key. */
export function signaturesVerify(
  group: Group,
  signed: SignedHeader,
  chainKey: Uint8Array,
  evidenceKey: Uint8Array,
): boolean {
  return (
    group.ed25519.verify(chainKey, chainInput(signed.header), signed.chainSignature) &&
    group.ed25519.verify(evidenceKey, evidenceInput(signed.header), signed.evidenceSignature)
  );
}

function checkRatchet(group: Group, body: Body, parent: Header, constants: InstanceConstants): void {
  const { ratchet } = body;
  if (ratchet === undefined) return;
  check(
    ratchet.bases.length === constants.oracleCount,
    "ERR_STEP_RATCHET",
    "not one base version per oracle",
  );
  const known = ratchet.bases.every((base) => base <= parent.shareVersion);
  check(known, "ERR_STEP_RATCHET", "a base version from the future");
  const { threshold, identityKey } = constants;
  const claim = { threshold, groupPublicKey: identityKey, commitments: ratchet.commitments };
  checkRatchetClaim(group, claim);
}

/** What each kind must and must not carry. */
const KIND_RULES: Readonly<Record<Header["kind"], (messages: number, ratchet: boolean) => boolean>> = {
  enroll: () => false,
  sign: (messages) => messages > 0,
  heartbeat: (messages) => messages === 0,
  ratchet: (messages, ratchet) => messages === 0 && ratchet,
  end: (messages, ratchet) => messages === 0 && !ratchet,
};

/**
 * The vote check (SPEC section 4, "a vote orders, it does not authorize"): a
 * pure function of header, body, certified parent and the instance's constants,
 * the same at every oracle; W runs it before it writes its pending step.
 * Signatures are checked apart (signaturesVerify). Throws ERR_STEP_*.
 */
export function checkStep(
  group: Group,
  header: Header,
  body: Body,
  parent: Header,
  constants: InstanceConstants,
): void {
  check(follows(header, parent), "ERR_STEP_PARENT", "the header does not follow its parent");
  check(parent.kind !== "end", "ERR_INSTANCE_ENDED", "the instance has ended");
  check(
    equalBytes(header.bodyHash, bodyHash(body)),
    "ERR_STEP_BODY",
    "the body is not the one the header names",
  );
  check(
    header.ratchet === (body.ratchet !== undefined),
    "ERR_STEP_RATCHET",
    "header and body differ about a ratchet",
  );
  const moved = header.ratchet ? 1 : 0;
  check(
    header.shareVersion === parent.shareVersion + moved,
    "ERR_STEP_SHARE_VERSION",
    "the share version does not follow",
  );
  const sameEpoch =
    header.groupEpoch === parent.groupEpoch && header.identityKeyVersion === parent.identityKeyVersion;
  check(sameEpoch, "ERR_STEP_EPOCH", "group epoch or identity key version changed");
  const kindFits = KIND_RULES[header.kind](body.messages.length, header.ratchet);
  check(kindFits, "ERR_STEP_KIND", `the body does not fit a step of kind ${header.kind}`);
  group.decodePoint(header.nextChainKey);
  check(
    !equalBytes(header.nextChainKey, parent.nextChainKey),
    "ERR_STEP_CHAIN_KEY",
    "the chain key is reused",
  );
  checkRatchet(group, body, parent, constants);
}
