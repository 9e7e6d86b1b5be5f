/** Ways to get at a workload's credentials. */
export const ATTACKS = [
  "secret-file",
  "process-memory",
  "token-on-wire",
  "token-in-log",
  "state-clone",
] as const;
export type Attack = (typeof ATTACKS)[number];

export const ATTACK_NAMES: Readonly<Record<Attack, string>> = {
  "secret-file": "secret file read",
  "process-memory": "process memory read",
  "token-on-wire": "token seen on the wire",
  "token-in-log": "token in a log",
  "state-clone": "whole state cloned",
};

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** An assumption, the same for all: a thief first uses an identity after a minute on average, sooner where it is renewed more often. */
export const THIEF_ACTS_MS_MEAN = MINUTE;
/** How far a play looks: a theft that is still usable then is unbounded. */
export const HORIZON_MS = 400 * DAY;

/** How a thief's use of the identity credential can come to light. */
export type Detection = "none" | "refresh-reuse" | "generation-counter" | "fork-evidence";

/** What decides over a thief's usable time; one row a model. Nobody is assumed to notice by other means. */
export interface ModelParams {
  readonly id: string;
  readonly name: string;
  /** Where the identity credential lies in the clear. */
  readonly identityIn: readonly ("file" | "memory" | "wire" | "log")[];
  /** How often the identity credential is replaced by itself; undefined: only by hand, when somebody notices. */
  readonly identityRotationMs: number | undefined;
  /** Whoever holds the identity credential can renew it, so rotation alone does not end a theft. */
  readonly renewsItself: boolean;
  /** Lifetime of what is presented to a service; undefined: the identity credential itself is presented. */
  readonly accessLifetimeMs: number | undefined;
  /** What is presented is bound to a key that is not shown with it (mutual TLS, DPoP, request signing). */
  readonly accessBound: boolean;
  /** A fresh access credential is fetched this often by the victim. */
  readonly refreshMs: number | undefined;
  readonly detection: Detection;
  /** A captured request may be sent again for so long, although it is signed. */
  readonly replayWindowMs: number;
  /** Where the numbers come from. */
  readonly source: string;
}

const bearer = { renewsItself: false, accessBound: false, detection: "none" as const, replayWindowMs: 0 };

/** The table: every lifetime and interval that the comparison uses, with its source. */
export const MODELS: readonly ModelParams[] = [
  {
    ...bearer,
    id: "api-key",
    name: "API key",
    identityIn: ["file", "memory", "wire", "log"],
    identityRotationMs: undefined,
    accessLifetimeMs: undefined,
    refreshMs: undefined,
    source: "no expiry unless set by hand (OWASP Secrets Management Cheat Sheet; Google Cloud, API keys)",
  },
  {
    ...bearer,
    id: "password",
    name: "service-account password",
    identityIn: ["file", "memory", "wire"],
    identityRotationMs: 90 * DAY,
    accessLifetimeMs: 8 * HOUR,
    refreshMs: 8 * HOUR,
    source: "90-day rotation (PCI DSS 4.0, 8.3.9 and 8.6.3); session of a working day",
  },
  {
    ...bearer,
    id: "signed-requests",
    name: "signed requests (AWS style)",
    identityIn: ["file", "memory"],
    identityRotationMs: 90 * DAY,
    accessLifetimeMs: undefined,
    accessBound: true,
    refreshMs: undefined,
    replayWindowMs: 5 * MINUTE,
    source: "access keys rotated every 90 days (AWS Security Hub IAM.3); Signature Version 4: five minutes",
  },
  {
    ...bearer,
    id: "keypair-jwt",
    name: "key pair, self-signed JWT",
    identityIn: ["file", "memory"],
    identityRotationMs: undefined,
    accessLifetimeMs: HOUR,
    refreshMs: HOUR,
    source: "Snowflake key-pair authentication: rotation by hand, JWT valid one hour at most",
  },
  {
    ...bearer,
    id: "keytab",
    name: "Kerberos keytab",
    identityIn: ["file", "memory"],
    identityRotationMs: 30 * DAY,
    accessLifetimeMs: 10 * HOUR,
    accessBound: true,
    refreshMs: 10 * HOUR,
    replayWindowMs: 5 * MINUTE,
    source:
      "machine account password 30 days, ticket lifetime 10 h, clock skew 5 min (Windows defaults; RFC 4120)",
  },
  {
    ...bearer,
    id: "client-secret",
    name: "OAuth client secret",
    identityIn: ["file", "memory"],
    identityRotationMs: 180 * DAY,
    accessLifetimeMs: HOUR,
    refreshMs: HOUR,
    source: "Microsoft Entra: 180 days recommended default for secrets; tokens of about an hour; RFC 6749",
  },
  {
    ...bearer,
    id: "private-key-jwt",
    name: "private_key_jwt, key file",
    identityIn: ["file", "memory"],
    identityRotationMs: 365 * DAY,
    accessLifetimeMs: HOUR,
    refreshMs: HOUR,
    source: "RFC 7523; keys replaced yearly (NIST SP 800-57, table 1: up to two years); tokens of an hour",
  },
  {
    ...bearer,
    id: "mtls-rotation",
    name: "mutual TLS with rotation",
    identityIn: ["memory"],
    identityRotationMs: HOUR,
    accessLifetimeMs: undefined,
    accessBound: true,
    refreshMs: 30 * MINUTE,
    source: "SPIRE: default_x509_svid_ttl one hour, rotated at half; keys in memory; RFC 8705",
  },
  {
    ...bearer,
    id: "instance-metadata",
    name: "cloud instance metadata",
    identityIn: ["memory"],
    identityRotationMs: 6 * HOUR,
    accessLifetimeMs: undefined,
    accessBound: true,
    refreshMs: HOUR,
    replayWindowMs: 5 * MINUTE,
    source: "EC2 instance role credentials: about six hours, renewed ahead; IMDSv2",
  },
  {
    ...bearer,
    id: "refresh-rotation",
    name: "refresh-token rotation, reuse detection",
    identityIn: ["file", "memory"],
    identityRotationMs: HOUR,
    renewsItself: true,
    accessLifetimeMs: HOUR,
    refreshMs: HOUR,
    detection: "refresh-reuse",
    source: "RFC 9700, section 4.14.2; Auth0 refresh token rotation; access tokens of an hour",
  },
  {
    ...bearer,
    id: "generation-counter",
    name: "generation counter (Teleport style)",
    identityIn: ["file", "memory"],
    identityRotationMs: HOUR,
    renewsItself: true,
    accessLifetimeMs: undefined,
    accessBound: true,
    refreshMs: 20 * MINUTE,
    detection: "generation-counter",
    source:
      "Teleport Machine ID: certificate_ttl 1 h, renewal_interval 20 min, locked on a generation mismatch",
  },
  {
    ...bearer,
    id: "hardware-key",
    name: "hardware-bound key",
    identityIn: [],
    identityRotationMs: undefined,
    accessLifetimeMs: HOUR,
    refreshMs: HOUR,
    source: "TPM 2.0 / PKCS #11 non-exportable key; bearer token of an hour fetched with it",
  },
  {
    ...bearer,
    id: "ipse",
    name: "Ipse",
    identityIn: ["file", "memory"],
    identityRotationMs: 10 * SECOND,
    renewsItself: true,
    accessLifetimeMs: 5 * MINUTE,
    accessBound: true,
    refreshMs: 10 * SECOND,
    detection: "fork-evidence",
    source:
      "this repository: heartbeat 10 s, DPoP tokens of 300 s; measured by the simulator with an idle victim; offline token checks assumed",
  },
];
