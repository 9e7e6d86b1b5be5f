import { FRAME_BYTES_MAX, ORACLES_MAX } from "@ipse/protocol";
import { z } from "zod";

/** A host and a port, as `127.0.0.1:7400` or `[::1]:7400`. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/;

/** Reads an address; undefined when the text is none. */
export function parseAddress(text: string): Address | undefined {
  const [, v6, name, digits] = ADDRESS.exec(text) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  return host === undefined || port > 65535 ? undefined : { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only processes of this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.[0-9]{1,3}){3}$/.test(host);
}

const address = z.string().transform((value, context) => {
  const parsed = parseAddress(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: "expected host:port, e.g. 127.0.0.1:7400 or [::1]:7400" });
  return z.NEVER;
});

const path = z.string().min(1);
const tls = z.strictObject({ cert_file: path, key_file: path });
const count = z.int().min(1);

/** Bounds of the public listeners; the defaults suit one machine. */
const limits = z.strictObject({
  /** Open connections of one listener. */
  connections: count.default(10_000),
  connections_per_address: count.default(2_000),
  /** Unanswered requests of one session connection. */
  inflight_per_connection: count.max(1024).default(64),
  /** Sustained frames per second of one session connection; bursts of twice that pass. */
  frames_per_second: count.default(500),
  /** Bytes waiting to be sent on one connection before it is cut. */
  buffered_bytes_max: count.min(FRAME_BYTES_MAX).default(8 * 1024 * 1024),
  /** Sustained bytes per second read from one peer. */
  peer_bytes_per_second: count.min(FRAME_BYTES_MAX).default(32 * 1024 * 1024),
  /** Sustained requests per second at the OAuth endpoints; bursts of five times that pass. */
  oauth_requests_per_second_per_address: count.default(100),
  oauth_requests_per_second_per_client: count.default(20),
});

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

export const TOKEN_MODES = ["threshold", "local"] as const;
export type TokenMode = (typeof TOKEN_MODES)[number];

/** oracle.yaml. Unknown keys are errors. */
export const configSchema = z.strictObject({
  version: z.literal(1),
  /** This oracle's number in the roster. */
  oracle: z.int().min(1).max(ORACLES_MAX),
  store_dir: path.default("store"),
  vote_key_file: path.default("vote.jwk"),
  /** Roster files, oldest first; the last one is the newest. */
  rosters: z.array(path).min(1).default(["roster.json"]),
  session: z.strictObject({
    listen: address,
    /** Without TLS the listener is for loopback alone. */
    tls: tls.optional(),
  }),
  /** Absent: OAuth is served on the session listener, which must then be plaintext on loopback. */
  oauth: z.strictObject({ listen: address, tls: tls.optional() }).optional(),
  local: z.strictObject({ listen: address }),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default("info") }).prefault({}),
  limits: limits.prefault({}),
  tokens: z
    .strictObject({
      /**
       * threshold: q oracles sign each token, no single one can. local: this oracle signs alone, weaker: whoever
       * takes its key mints tokens. The same at all oracles of a cluster.
       */
      mode: z.enum(TOKEN_MODES).default("threshold"),
      /** The key of mode local; made on first use. */
      key_file: path.default("token.jwk"),
      alg: z.enum(["EdDSA", "ES256"]).default("EdDSA"),
      /** A new issuer key is in the JWKS for so long before it signs; longer than consumers cache it. */
      issuer_prepare_seconds: z.int().min(0).max(86_400).default(900),
      /** An issuer key is replaced after so many days. */
      issuer_max_age_days: count.max(3650).default(30),
    })
    .prefault({}),
  /** Keys of the pool this oracle owns. */
  pool_keys: z.int().min(1).max(1024).default(16),
});
export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
export type Limits = Config["limits"];
