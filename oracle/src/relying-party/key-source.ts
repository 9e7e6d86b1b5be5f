import { check, fromBase64Url, IpseError } from "@ipse/protocol";
import { decode, parseStrictJson } from "@ipse/protocol/encoding";
import { issuerJwk, issuerKey, verifyIssuerKey } from "@ipse/protocol/issuer";
import { endpointUrl, type JwsVerifier, OAUTH_PATHS, type PublicJwk, publicJwk } from "@ipse/protocol/oauth";
import { type Roster, rosterHash } from "@ipse/protocol/registry";
import { readSignedJwks } from "@ipse/protocol/verifier";
import { fetchText } from "./fetch-text.ts";

export interface KeySourceOptions {
  readonly issuer: string;
  /** Base URLs of the oracles; any of them serves. Default: the issuer alone. */
  readonly oracles: readonly string[];
  /** The anchor. Without it keys are what one oracle says over its TLS connection: weaker, and for mode local. */
  readonly roster: Roster | undefined;
  readonly verifier: JwsVerifier;
}

const REFRESH_MS = 60_000;
const KEYS_MAX = 64;

interface Trusted {
  readonly keys: readonly PublicJwk[];
  readonly untilMs: number;
  readonly refreshMs: number;
}

/**
 * The issuer's keys. With a roster no single oracle is believed: a first set of keys comes with certificates of all
 * oracles, every later one is signed by a quorum, and holds for minutes.
 */
export class KeySource {
  readonly #options: KeySourceOptions;
  #trusted: Trusted | undefined;
  #pending: Promise<Trusted> | undefined;

  constructor(options: KeySourceOptions) {
    this.#options = options;
  }

  /** Keys that hold now: at once while they are fresh, refreshed ahead of their end. Rejects with ERR_KEYS_*. */
  async keys(): Promise<readonly PublicJwk[]> {
    const now = Date.now();
    const held = this.#trusted;
    if (held === undefined || held.untilMs <= now) return (await this.#refresh()).keys;
    if (held.refreshMs <= now) this.#refresh().catch(() => undefined);
    return held.keys;
  }

  /** Looks again: a token named a key that is not there. At most every few seconds. */
  async again(): Promise<readonly PublicJwk[]> {
    const held = this.#trusted;
    if (held !== undefined && Date.now() < held.refreshMs - REFRESH_MS + 5_000) return held.keys;
    return (await this.#refresh()).keys;
  }

  #refresh(): Promise<Trusted> {
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetch(): Promise<Trusted> {
    let problem = new IpseError("ERR_KEYS_UNREACHABLE", "no oracle is known");
    for (const base of this.#options.oracles) {
      try {
        const { keys, untilMs } = await this.#from(base);
        this.#trusted = { keys, untilMs, refreshMs: Date.now() + REFRESH_MS };
        return this.#trusted;
      } catch (error) {
        if (!(error instanceof IpseError)) throw error;
        problem = error;
      }
    }
    throw problem;
  }

  async #from(base: string): Promise<{ keys: readonly PublicJwk[]; untilMs: number }> {
    const { issuer, roster, verifier } = this.#options;
    if (roster === undefined) {
      const { keys } = parseStrictJson(await fetchText(endpointUrl(base, OAUTH_PATHS.jwks))) as {
        keys?: unknown;
      };
      const parsed = publicJwk.array().max(KEYS_MAX).safeParse(keys);
      check(parsed.success, "ERR_KEYS_INVALID", `${base} serves no usable key set`);
      return { keys: parsed.data, untilMs: Date.now() + 10 * REFRESH_MS };
    }
    const text = await fetchText(endpointUrl(base, OAUTH_PATHS.signedJwks));
    const reader = (keys: readonly PublicJwk[]) => ({ ...verifier, issuer, keys, nowMs: Date.now() });
    try {
      return readSignedJwks(reader(this.#trusted?.keys ?? []), text.trim());
    } catch (error) {
      if (!(error instanceof IpseError) || error.code !== "ERR_DOCUMENT_KEY") throw error;
      // The first time, or after a long absence: start again from the roster.
      return readSignedJwks(reader(await this.#certified(base, roster)), text.trim());
    }
  }

  async #certified(base: string, roster: Roster): Promise<readonly PublicJwk[]> {
    const { group } = this.#options.verifier;
    const { keys } = parseStrictJson(await fetchText(endpointUrl(base, OAUTH_PATHS.issuerKeys))) as {
      keys?: unknown;
    };
    check(
      Array.isArray(keys) && keys.length <= KEYS_MAX,
      "ERR_KEYS_INVALID",
      `${base} serves no issuer keys`,
    );
    const by = {
      rosterHash: rosterHash(roster),
      threshold: roster.quorum,
      voteKeys: roster.oracles.map(({ voteKey }) => voteKey),
    };
    return keys.map((encoded) => {
      const bytes = typeof encoded === "string" ? fromBase64Url(encoded) : undefined;
      check(bytes !== undefined, "ERR_KEYS_INVALID", "an issuer key is not base64url");
      const value = decode(issuerKey, bytes);
      verifyIssuerKey(group, by, value);
      return issuerJwk(value);
    });
  }
}
