import type { Endpoint, SignedStatement } from "@ipse/protocol/registry";
import { wins } from "@ipse/protocol/registry";
import type { SessionEndpoint } from "./pinned-socket.ts";

/** A place to find an oracle before its first signed statement is known (from the join URI). */
export interface Bootstrap extends SessionEndpoint {
  readonly oracle: number;
}

/** Where every oracle is, by the newest statement known; the join URI's word until there is one. */
export class EndpointDirectory {
  readonly #bootstrap: ReadonlyMap<number, Bootstrap>;
  readonly #statements = new Map<number, SignedStatement>();

  constructor(bootstrap: readonly Bootstrap[], statements: readonly SignedStatement[] = []) {
    this.#bootstrap = new Map(bootstrap.map((entry) => [entry.oracle, entry]));
    for (const signed of statements) this.learn(signed);
  }

  /** Takes a VERIFIED endpoint statement; true when it is news. */
  learn(signed: SignedStatement): boolean {
    const { payload } = signed.statement;
    if (payload.kind !== "endpoint") return false;
    const held = this.#statements.get(payload.oracle);
    if (held !== undefined && !wins(signed.statement, held.statement)) return false;
    this.#statements.set(payload.oracle, signed);
    return true;
  }

  session(oracle: number): SessionEndpoint | undefined {
    return this.record(oracle) ?? this.#bootstrap.get(oracle);
  }

  /** The signed record of an oracle; undefined while only the join URI spoke of it. */
  record(oracle: number): Endpoint | undefined {
    const payload = this.#statements.get(oracle)?.statement.payload;
    return payload?.kind === "endpoint" ? payload : undefined;
  }

  get bootstrap(): readonly Bootstrap[] {
    return [...this.#bootstrap.values()];
  }

  get statements(): readonly SignedStatement[] {
    return [...this.#statements.values()];
  }
}
