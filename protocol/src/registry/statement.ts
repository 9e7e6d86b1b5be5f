import {
  bool,
  constant,
  type Hash,
  hashOf,
  type Infer,
  keyword,
  list,
  signingInput,
  struct,
  text,
  u16,
  u32,
  u64,
  union,
} from "../encoding/index.ts";
import { hash32, id16, key32, oracleId, signature64, spiffeId, urlText } from "../ids.ts";
import { GRANTS_MAX, OPERATORS_MAX, TEXT_BYTES_MAX } from "../limits.ts";

/** What happens to an instance that safe start finds behind. */
export const ON_STALE = ["quarantine", "revoke"] as const;
export type OnStale = (typeof ON_STALE)[number];

const workload = struct({
  spiffeId,
  deleted: bool,
  resources: list(urlText, GRANTS_MAX),
  scopes: list(text(TEXT_BYTES_MAX), GRANTS_MAX),
  ttlSeconds: u32,
  onStale: keyword(ON_STALE),
  allowRaw: bool,
});
export type Workload = Infer<typeof workload>;

/** A server workload that introspects: its credential is kept as SHA-256 of a 256-bit random secret. */
const resource = struct({ url: urlText, deleted: bool, credentialHash: hash32 });
export type Resource = Infer<typeof resource>;

export const INSTANCE_ACTIONS = ["quarantine", "release", "revoke"] as const;
/** An operator's word on one instance. `release` is the instance's new release number (raised by each release). */
const instanceAction = struct({
  instance: hash32,
  action: keyword(INSTANCE_ACTIONS),
  release: u32,
  reason: text(TEXT_BYTES_MAX),
});
export type InstanceAction = Infer<typeof instanceAction>;

const ticketRevocation = struct({ ticketId: id16, reason: text(TEXT_BYTES_MAX) });

/** Where an oracle is reached. A new address is no new roster. */
const endpoint = struct({
  oracle: oracleId,
  sessionUrl: text(TEXT_BYTES_MAX),
  oauthUrl: text(TEXT_BYTES_MAX),
  /** SHA-256 of the session listener's SubjectPublicKeyInfo; all zero on plaintext loopback. */
  tlsPin: hash32,
});
export type Endpoint = Infer<typeof endpoint>;

/**
 * The operators want another issuer key. `immediate`: the old ones are not to be trusted, so they leave the JWKS
 * at once and tokens under them end.
 */
const issuerRotation = struct({ immediate: bool, reason: text(TEXT_BYTES_MAX) });
export type IssuerRotation = Infer<typeof issuerRotation>;

/** Where a registered resource wants its security events pushed (RFC 8935). */
const receiver = struct({ url: urlText, deleted: bool, pushUrl: urlText });
export type Receiver = Infer<typeof receiver>;

export const statementPayload = union({
  workload: [1, workload],
  resource: [2, resource],
  instance: [3, instanceAction],
  ticketRevocation: [4, ticketRevocation],
  endpoint: [5, endpoint],
  issuerRotation: [6, issuerRotation],
  receiver: [7, receiver],
});
export type StatementPayload = Infer<typeof statementPayload>;

/**
 * An operator's statement. For one subject the newest serial counts (ties: the
 * smaller hash); revocations of instances and tickets are never superseded.
 */
export const statement = struct({
  version: constant(1),
  rosterHash: hash32,
  serial: u64,
  issuedAtMs: u64,
  payload: statementPayload,
});
export type Statement = Infer<typeof statement>;

export const signedStatement = struct({
  statement,
  signatures: list(struct({ publicKey: key32, signature: signature64 }), OPERATORS_MAX),
});
export type SignedStatement = Infer<typeof signedStatement>;

export function statementHash(value: Statement): Hash {
  return hashOf("ipse/v1/statement", statement, value);
}

export function statementInput(value: Statement): Uint8Array {
  return signingInput("ipse/v1/statement-signature", statement, value);
}

export const ticketUse = struct({ ticketId: id16, use: u16 });
