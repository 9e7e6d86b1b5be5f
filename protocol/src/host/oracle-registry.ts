import { toHex } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import { applyStatement } from "../registry/registry.ts";
import { type SignedStatement, statementHash } from "../registry/statement.ts";
import { verifyStatement } from "../registry/statement-check.ts";
import { type OracleContext, type Outcome, onStanding } from "../session/oracle/index.ts";
import { offerMutations } from "./offered-items.ts";
import type { OracleCore } from "./oracle-core.ts";
import { type Mutation, viewAfter } from "./table.ts";

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
    const offered = offerMutations(this.#core.view, { kind: "statement", statement: signed });
    this.#core.run(
      (context) => standing(context, signed, [...applied.mutations, ...offered]),
      {},
      () => {
        this.#core.event({
          level: "info",
          event: "statement.accepted",
          payload: signed.statement.payload.kind,
          hash: toHex(statementHash(signed.statement)),
        });
        this.#core.gossip?.now({ kind: "statement", statement: signed });
        done();
      },
    );
  }
}

/** A statement and what it means for its instance, as one step: no crash comes between them. */
function standing(context: OracleContext, signed: SignedStatement, written: readonly Mutation[]): Outcome {
  const { payload } = signed.statement;
  if (payload.kind !== "instance") return { mutations: written, effects: [] };
  const after = onStanding({ ...context, view: viewAfter(context.view, written) }, payload.instance);
  return { ...after, mutations: [...written, ...after.mutations] };
}
