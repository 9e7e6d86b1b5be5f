import { createHash } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  /** The thumbprint of the key the token is bound to. */
  readonly jkt: string | undefined;
}

const AGE_SECONDS_MAX = 60;

function demand(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(`DPoP: ${sentence}`);
}

/** Checks DPoP proofs for one API (RFC 9449 section 4.3) and remembers which ones it saw. */
export class ProofChecker {
  readonly #seen = new Map<string, number>();

  async check(proof: string, { method, url, token, jkt }: Call): Promise<void> {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: "dpop+jwt",
      algorithms: ["ES256", "EdDSA", "Ed25519"],
      maxTokenAge: AGE_SECONDS_MAX,
      clockTolerance: 5,
    });
    const { htm, htu, ath, jti } = payload;
    demand(htm === method, "another method");
    demand(htu === url.split(/[?#]/)[0], "another URL");
    demand(ath === createHash("sha256").update(token).digest("base64url"), "another token");
    const { jwk } = protectedHeader;
    demand(jwk !== undefined && (await calculateJwkThumbprint(jwk)) === jkt, "another key");
    demand(typeof jti === "string" && this.#isNew(jti), "used before");
  }

  #isNew(jti: string): boolean {
    const nowMs = Date.now();
    for (const [known, sinceMs] of this.#seen) {
      if (nowMs - sinceMs > 2 * AGE_SECONDS_MAX * 1000) this.#seen.delete(known);
    }
    if (this.#seen.has(jti)) return false;
    this.#seen.set(jti, nowMs);
    return true;
  }
}
