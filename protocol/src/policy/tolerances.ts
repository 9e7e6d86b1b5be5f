/**
 * How far clocks may differ, in one table. Every judgement of wall time in Ipse
 * takes its number from here; heartbeats use monotonic time and need none.
 */
export const TOLERANCES = {
  /** A client assertion's `iat` and `nbf` may lie this far ahead of us (RFC 7523 section 3). */
  assertionMs: 30_000,
  /** exp - iat of a client assertion. */
  assertionLifetimeMs: 60_000,
  /** `exp` of a WIMSE identity token may lie this far ahead: nobody asks about revocation before. */
  witLifetimeMs: 3_600_000,
  /** `exp` of a WIMSE proof token may lie this far ahead. */
  wptLifetimeMs: 300_000,
  /** A DPoP proof's `iat` may differ this much either way (RFC 9449 section 11.1). */
  dpopMs: 60_000,
  /** A co-signer's clock may differ this much from the `iat` its coordinator proposes. */
  tokenIatMs: 30_000,
  /** A ticket's or statement's `issuedAtMs` may lie this far ahead of us. Expiry has no leeway. */
  issuedAtMs: 60_000,
  /** An operator's signed read may differ this much either way. */
  readMs: 120_000,
} as const;
