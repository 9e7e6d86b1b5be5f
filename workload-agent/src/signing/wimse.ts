import { createHash, randomBytes } from "node:crypto";
import { IpseError, toBase64Url, utf8 } from "@ipse/protocol";
import { sentenceOf } from "../outcome.ts";
import { DpopKey, proofUrl } from "../tokens/dpop.ts";
import { ephemeralSigner, type RequestSigner, type SigningAgent, thresholdSigner } from "./signer.ts";

/** How long an identity token lives: nobody asks about revocation before. */
export const WIT_SECONDS = 300;
/** How long a proof lives. */
const WPT_SECONDS = 60;
/** What is left of an identity token when a new one is made. */
const RENEW_SECONDS = 100;

const encodePart = (part: object): string => toBase64Url(utf8(JSON.stringify(part)));
const hashOf = (token: string): string => createHash("sha256").update(token, "ascii").digest("base64url");
const jti = (): string => randomBytes(16).toString("base64url");

/** A workload identity token with the key that proves it. */
export interface WorkloadIdentityToken {
  readonly wit: string;
  readonly signer: RequestSigner;
  readonly expiresMs: number;
}

interface Held {
  readonly kid: string;
  readonly made: Promise<WorkloadIdentityToken>;
  readonly renewMs: number;
}

/**
 * Identity tokens of this workload (draft-ietf-wimse-workload-creds, section 3.1). The threshold key signs them: a
 * quorum of oracles checks that `sub` is the workload and `cnf` a key of its own, and so is the identity server that
 * the draft asks for. `kid` is the instance key's, which the oracles publish for as long as the instance is active;
 * there is no `iss`, because no other key of the cluster verifies it.
 */
export class WimseTokens {
  readonly #agent: SigningAgent;
  readonly #nowMs: () => number;
  #held: Held | undefined;

  constructor(agent: SigningAgent, nowMs: () => number = Date.now) {
    this.#agent = agent;
    this.#nowMs = nowMs;
  }

  /** With an ephemeral key, kept for a while: one threshold step then serves many requests. */
  async ephemeral(): Promise<WorkloadIdentityToken> {
    const { code } = this.#agent.status();
    if (code !== null) throw new IpseError(code, sentenceOf(code));
    const { kid } = this.#agent.identity();
    const known = this.#held;
    if (known?.kid === kid && this.#nowMs() < known.renewMs) return known.made;
    const made = DpopKey.generate().then((key) => this.#make(ephemeralSigner(key)));
    const held = { kid, made, renewMs: this.#nowMs() + (WIT_SECONDS - RENEW_SECONDS) * 1000 };
    this.#held = held;
    made.catch(() => {
      if (this.#held === held) this.#held = undefined;
    });
    return made;
  }

  /** With the instance's own key, which then signs every proof as well. */
  threshold(): Promise<WorkloadIdentityToken> {
    return this.#make(thresholdSigner(this.#agent));
  }

  async #make(signer: RequestSigner): Promise<WorkloadIdentityToken> {
    const { kid, spiffe_id: sub } = this.#agent.identity();
    const iat = Math.floor(this.#nowMs() / 1000);
    const exp = iat + WIT_SECONDS;
    const claims = { sub, iat, exp, jti: jti(), cnf: { jwk: signer.jwk } };
    const input = `${encodePart({ typ: "wit+jwt", alg: "EdDSA", kid })}.${encodePart(claims)}`;
    const { signature } = await this.#agent.sign("wimse", utf8(input));
    return { wit: `${input}.${toBase64Url(signature)}`, signer, expiresMs: exp * 1000 };
  }

  /** Until when, in seconds from now. */
  expiresIn({ expiresMs }: WorkloadIdentityToken): number {
    return Math.max(0, Math.floor((expiresMs - this.#nowMs()) / 1000));
  }

  /** A proof for one request with an identity token (draft-ietf-wimse-wpt, section 2). */
  async proof(token: WorkloadIdentityToken, request: ProofRequest): Promise<string> {
    const { wit, signer } = token;
    const { audience, txn_token: txn, other_tokens: others } = request;
    const oth = Object.entries(others ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      hashOf(value.trim()),
    ]);
    const claims = {
      aud: proofUrl(audience),
      exp: Math.floor(this.#nowMs() / 1000) + WPT_SECONDS,
      jti: jti(),
      wth: hashOf(wit),
      ...(txn === undefined ? {} : { tth: hashOf(txn) }),
      ...(oth.length === 0 ? {} : { oth: Object.fromEntries(oth) }),
    };
    const input = `${encodePart({ typ: "wpt+jwt", alg: signer.jose })}.${encodePart(claims)}`;
    return `${input}.${toBase64Url(await signer.sign("wimse", utf8(input)))}`;
  }
}

/** What a proof is for, and what else travels with the request. */
export interface ProofRequest {
  /** The target URI; query and fragment are left out. */
  readonly audience: string;
  /** A transaction token beside it: `tth`. */
  readonly txn_token?: string | undefined;
  /** Other tokens beside it by header field: `oth`. */
  readonly other_tokens?: Readonly<Record<string, string>> | undefined;
}
