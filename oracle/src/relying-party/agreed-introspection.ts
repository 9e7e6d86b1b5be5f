import { check, IpseError } from "@ipse/protocol";
import { endpointUrl, OAUTH_PATHS } from "@ipse/protocol/oauth";
import type { Roster } from "@ipse/protocol/registry";
import { agreedStatus } from "@ipse/protocol/verifier";
import { z } from "zod";
import { basicCredential, fetchText } from "./fetch-text.ts";

export interface IntrospectionOptions {
  /** Base URLs of the oracles, one each: the same oracle twice would count twice. */
  readonly oracles: readonly string[];
  readonly roster: Roster | undefined;
  readonly resource: string;
  readonly credential: string;
  /** How long an answer is believed without asking again (default 0: each request is asked about). */
  readonly maxAgeMs?: number;
}

const KEPT_MAX = 10_000;
const TIMEOUT_MS = 2_000;
/** https://www.rfc-editor.org/rfc/rfc7662#section-2.2 */
const answer = z.looseObject({ active: z.boolean() });

interface Kept {
  readonly active: boolean;
  readonly untilMs: number;
}

/**
 * Whether a token is active (RFC 7662) as oracles together say: all are asked at once, no single one is believed.
 * `kept`: answers of late, by token.
 */
export class AgreedIntrospection {
  readonly #options: IntrospectionOptions;
  readonly #roster: Roster;
  readonly #kept = new Map<string, Kept>();

  /** Throws ERR_CONFIG without a roster, or with too few oracles for any agreement. */
  constructor(options: IntrospectionOptions) {
    const { roster, oracles } = options;
    check(roster !== undefined, "ERR_CONFIG", "introspection needs the roster: who may lie, and how many");
    const few = `introspection needs the URLs of ${roster.byzantineMax + 1} oracles or more`;
    check(new Set(oracles).size > roster.byzantineMax, "ERR_CONFIG", few);
    this.#options = options;
    this.#roster = roster;
  }

  /** Rejects with ERR_STATUS_UNDECIDED when too few answer, or contradict each other. */
  async active(token: string): Promise<boolean> {
    const { maxAgeMs = 0 } = this.#options;
    const now = performance.now();
    const kept = this.#kept.get(token);
    if (kept !== undefined && kept.untilMs > now) return kept.active;
    const active = await this.#ask(token);
    this.#kept.delete(token);
    if (maxAgeMs > 0) this.#kept.set(token, { active, untilMs: now + maxAgeMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return active;
  }

  async #one(base: string, token: string): Promise<boolean> {
    const { resource, credential } = this.#options;
    const text = await fetchText(
      endpointUrl(base, OAUTH_PATHS.introspect),
      {
        method: "POST",
        headers: { authorization: basicCredential(resource, credential) },
        body: new URLSearchParams({ token }),
      },
      TIMEOUT_MS,
    );
    return answer.parse(JSON.parse(text)).active;
  }

  #ask(token: string): Promise<boolean> {
    const bases = [...new Set(this.#options.oracles)];
    const answers: boolean[] = [];
    let open = bases.length;
    return new Promise((resolve, reject) => {
      const heard = (word: boolean | undefined): void => {
        open -= 1;
        if (word !== undefined) answers.push(word);
        const agreed = agreedStatus(answers, this.#roster, open === 0);
        if (agreed !== undefined) resolve(agreed);
        else if (open === 0)
          reject(new IpseError("ERR_STATUS_UNDECIDED", "too few oracles agree on the token's status"));
      };
      // An oracle that answers with nonsense said nothing.
      for (const base of bases) this.#one(base, token).then(heard, () => heard(undefined));
    });
  }
}
