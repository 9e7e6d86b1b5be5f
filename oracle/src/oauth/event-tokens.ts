import type { OracleTokenApi, PendingEvent } from "@ipse/protocol/host";
import { OAuthError } from "@ipse/protocol/oauth";

const KEPT_MAX = 1_000;

/** Security Event Tokens, each signed by a quorum once and kept while it is being delivered. */
export class EventTokens {
  readonly #tokens: OracleTokenApi;
  readonly #signed = new Map<string, string>();

  constructor(tokens: OracleTokenApi) {
    this.#tokens = tokens;
  }

  /** Rejects with an OAuthError while no quorum signs. */
  async token({ instance, audience, jti }: PendingEvent): Promise<string> {
    const known = this.#signed.get(jti);
    if (known !== undefined) return known;
    const token = await new Promise<string>((resolve, reject) => {
      this.#tokens.signRevoked(instance, audience, (result) =>
        result instanceof OAuthError ? reject(result) : resolve(result.token),
      );
    });
    this.#signed.set(jti, token);
    const [oldest] = this.#signed.keys();
    if (this.#signed.size > KEPT_MAX && oldest !== undefined) this.#signed.delete(oldest);
    return token;
  }

  forget(jti: string): void {
    this.#signed.delete(jti);
  }
}
