import { createHash, randomUUID } from "node:crypto";
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

/** The request a proof is for (RFC 9449 section 4.2). */
export interface ProofTarget {
  readonly method: string;
  readonly url: string;
  readonly nonce?: string | undefined;
  /** The access token the proof goes along with; its hash becomes `ath`. */
  readonly accessToken?: string | undefined;
}

const ALGORITHM = "ES256";

/** `htu` is the URL without query and fragment (RFC 9449 section 4.2). */
export function proofUrl(url: string): string {
  const parsed = new URL(url);
  parsed.search = "";
  parsed.hash = "";
  return parsed.href;
}

/**
 * An ephemeral DPoP key: made for one access token, never exported, never stored. A copied state directory does
 * not hold it, and tokens bound to it are of no use without this process.
 */
export class DpopKey {
  readonly #key: CryptoKey;
  readonly #jwk: JWK;
  /** RFC 7638 thumbprint, the `cnf.jkt` of tokens bound to this key. */
  readonly jkt: string;

  private constructor(key: CryptoKey, jwk: JWK, jkt: string) {
    this.#key = key;
    this.#jwk = jwk;
    this.jkt = jkt;
  }

  static async generate(): Promise<DpopKey> {
    const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: false });
    const jwk = await exportJWK(publicKey);
    return new DpopKey(privateKey, jwk, await calculateJwkThumbprint(jwk));
  }

  /** The public half, with the algorithm it is for. */
  get publicJwk(): JWK {
    return { ...this.#jwk, alg: ALGORITHM };
  }

  /** ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4, RFC 9421 section 3.3.4): R || S, 64 bytes. */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    return new Uint8Array(await crypto.subtle.sign(algorithm, this.#key, Uint8Array.from(message)));
  }

  /** A DPoP proof for one request. */
  proof(target: ProofTarget, nowMs: number): Promise<string> {
    const { method, url, nonce, accessToken } = target;
    const ath =
      accessToken === undefined ? undefined : createHash("sha256").update(accessToken).digest("base64url");
    const claims = {
      htm: method,
      htu: proofUrl(url),
      jti: randomUUID(),
      iat: Math.floor(nowMs / 1000),
      ...(nonce === undefined ? {} : { nonce }),
      ...(ath === undefined ? {} : { ath }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ typ: "dpop+jwt", alg: ALGORITHM, jwk: this.#jwk })
      .sign(this.#key);
  }
}

/** The newest nonce of each server (RFC 9449 section 8.2), by origin, for a bounded number of servers. */
export class NonceCache {
  readonly #nonces = new Map<string, string>();
  readonly #max: number;

  constructor(max = 64) {
    this.#max = max;
  }

  get(url: string): string | undefined {
    return this.#nonces.get(new URL(url).origin);
  }

  /** Remembers what a response's DPoP-Nonce header said, if it said anything sensible. */
  learn(url: string, nonce: string | null): void {
    if (nonce === null || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/.test(nonce)) return;
    const { origin } = new URL(url);
    this.#nonces.delete(origin);
    this.#nonces.set(origin, nonce);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size > this.#max && oldest !== undefined) this.#nonces.delete(oldest);
  }
}
