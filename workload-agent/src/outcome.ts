/** What an error means to whoever asked: the one table behind HTTP statuses and exit codes. */
export const OUTCOMES = {
  /** Something broke. */
  failed: { status: 500, exit: 1 },
  /** What another server sent was no use. */
  upstream: { status: 502, exit: 1 },
  /** Too much at once; the same later. */
  busy: { status: 429, exit: 1 },
  /** The request, the command line or the configuration is wrong. */
  usage: { status: 400, exit: 2 },
  /** The instance has ended or was revoked, for ever. */
  revoked: { status: 410, exit: 3 },
  /** Quarantined, or stale: an operator or a new enrollment decides. */
  quarantined: { status: 409, exit: 4 },
  /** Fewer than q oracles could be reached. */
  unreachable: { status: 503, exit: 5 },
  /** The workload's policy does not allow it. */
  policy: { status: 403, exit: 6 },
} as const;
export type Outcome = keyof typeof OUTCOMES;

const BY_CODE: Readonly<Record<string, Outcome>> = {
  ERR_INSTANCE_REVOKED: "revoked",
  ERR_INSTANCE_ENDED: "revoked",
  ERR_INSTANCE_QUARANTINED: "quarantined",
  ERR_INSTANCE_SUSPECT: "quarantined",
  ERR_INSTANCE_STALE: "quarantined",
  ERR_QUORUM_UNREACHABLE: "unreachable",
  ERR_TOKEN_UNREACHABLE: "upstream",
  ERR_TOKEN_RESPONSE: "upstream",
  ERR_TOKEN_ISSUER: "upstream",
  ERR_TOKEN_NOT_BOUND: "upstream",
  ERR_TOKEN_URL: "usage",
  ERR_BUSY: "busy",
  ERR_USAGE: "usage",
  ERR_REQUEST: "usage",
  ERR_INPUT_FILE: "usage",
  ERR_NOT_ENROLLED: "usage",
  ERR_ALREADY_ENROLLED: "usage",
  ERR_AGENT_NOT_RUNNING: "failed",
  ERR_MESSAGE_SIZE: "usage",
  ERR_ATTESTATION_KEY: "usage",
  ERR_HTTP_SIGNATURE: "usage",
  ERR_JOIN_URI: "usage",
  ERR_JOIN_ROSTER: "usage",
  ERR_SOCKET_PATH: "usage",
  ERR_STATE_DIRECTORY: "usage",
  ERR_STATE_PERMISSION: "usage",
  ERR_STATE_NEWER: "usage",
  ERR_STATE_VERSION: "usage",
  ERR_ASSERTION_BINDING: "usage",
  ERR_ASSERTION_EXPIRED: "failed",
  ERR_ASSERTION_NOT_YET: "failed",
  ERR_MESSAGE_DENIED: "policy",
  ERR_OAUTH_INVALID_SCOPE: "policy",
  ERR_OAUTH_INVALID_TARGET: "policy",
  ERR_OAUTH_UNAUTHORIZED_CLIENT: "policy",
  ERR_OAUTH_ACCESS_DENIED: "policy",
};

/** Families of codes: denials of co-signers, refusals of authorization servers. */
const BY_PREFIX: readonly (readonly [string, Outcome])[] = [
  ["ERR_POLICY_", "policy"],
  ["ERR_ASSERTION_", "policy"],
  ["ERR_OAUTH_", "upstream"],
];

/** What an error code means; unknown ones are failures. */
export function outcomeOf(code: string): Outcome {
  const exact = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  return exact ?? BY_PREFIX.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "failed";
}

/** Sentences for codes that arrive without one. */
const SENTENCES: Readonly<Record<string, string>> = {
  ERR_INSTANCE_REVOKED: "the instance is revoked; it never signs again. Enroll anew with a new join URI",
  ERR_INSTANCE_ENDED: "the instance has ended. Enroll anew with a new join URI",
  ERR_INSTANCE_QUARANTINED: "the instance is quarantined; an operator can release or revoke it",
  ERR_INSTANCE_SUSPECT: "two copies of the instance were seen; evidence is being made",
  ERR_INSTANCE_STALE:
    "this state is behind: somebody else went on with a copy of it. It never signs again; enroll anew with a new join URI",
  ERR_QUORUM_UNREACHABLE: "fewer than a quorum of oracles could be reached in time",
  ERR_BUSY: "too many requests are waiting",
  ERR_MESSAGE_DENIED: "the oracles' policy does not allow this message",
  ERR_POLICY_RAW: "the workload may not sign raw bytes (workload create --allow-raw)",
  ERR_POLICY_RAW_TYPED: "these bytes could pass for a token or an attestation, so they are not signed as raw",
  ERR_POLICY_AUDIENCE: "the workload may not address this audience",
  ERR_POLICY_WORKLOAD: "the workload does not exist any more",
  ERR_ASSERTION_SCOPE: "a scope the workload is not granted",
  ERR_ASSERTION_RESOURCE: "a resource the workload is not granted",
  ERR_ASSERTION_EXPIRED: "the assertion expired before enough oracles saw it; do the clocks agree?",
  ERR_ASSERTION_NOT_YET: "the oracles take the assertion for one from the future; do the clocks agree?",
  ERR_NOT_ENROLLED: "the agent has no instance yet",
  ERR_ENROLL_REFUSED: "the oracles refused the enrollment",
  ERR_TICKET_USED: "the ticket is used up; ask for a new join URI",
  ERR_TICKET_EXPIRED: "the ticket has expired; ask for a new join URI",
  ERR_TICKET_REVOKED: "the ticket was revoked",
  ERR_WORKLOAD_UNKNOWN: "the oracles do not know this workload",
};

/** A sentence for people. Never repeats what a caller sent. */
export function sentenceOf(code: string): string {
  return (Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : undefined) ?? `failed with ${code}`;
}
