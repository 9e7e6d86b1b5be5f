import { toHex } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import { applyStatement } from "../registry/registry.ts";
import { type SignedStatement, statementHash } from "../registry/statement.ts";
import { verifyStatement } from "../registry/statement-check.ts";
import { onStanding } from "../session/oracle/index.ts";
import type { OracleCore } from "./oracle-core.ts";

/** Takes in operators' statements, from operators and from peers: verified, durable, applied, passed on. */
export class OracleRegistry {
  readonly #core: OracleCore;

  constructor(core: OracleCore) {
    this.#core = core;
  }

  /** `fresh`: submitted by an operator now, so its time is judged too. Throws ERR_STATEMENT_*, ERR_ROSTER_UNKNOWN. */
  accept(signed: SignedStatement, fresh: boolean, done: () => void): void {
    const { group, clock } = this.#core.options;
    const roster = this.#core.roster(signed.statement.rosterHash);
    if (roster === undefined)
      throw new IpseError("ERR_ROSTER_UNKNOWN", "a statement under an unknown roster");
    verifyStatement(group, roster, signed, fresh ? clock.nowMs() : undefined);
    const applied = applyStatement(this.#core.view, signed);
    if (!applied.accepted) return this.#core.view.afterPending(done);
    const { payload } = signed.statement;
    this.#core.view.submit(applied.mutations, () => {
      this.#core.event({
        level: "info",
        event: "statement.accepted",
        payload: payload.kind,
        hash: toHex(statementHash(signed.statement)),
      });
      this.#core.gossip?.now({ kind: "statement", statement: signed });
      if (payload.kind === "instance") this.#core.run((context) => onStanding(context, payload.instance), {});
      done();
    });
  }
}
