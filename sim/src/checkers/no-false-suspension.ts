import type { Checker } from "./checker.ts";

/** SPEC section 12: with honest fsync no crash, loss, duplicate, reorder, replay or restart suspends or revokes. */
export const noFalseSuspension: Checker = {
  name: "no-false-suspension",
  promise: "no crash, loss, duplicate, reorder, replay or ordinary restart ever suspends or revokes",
  watch: ({ world, facts }) => {
    let told = false;
    const accuse = (who: string, what: string): void => {
      if (told || facts.copied || facts.operatorActed) return;
      told = true;
      world.violate("no-false-suspension", `${who}: ${what}, and nothing was copied`);
    };
    return {
      recordDurable: (oracle, { status, reason }) => {
        if (oracle.correct && status !== "active" && status !== "ended")
          accuse(oracle.name, `${status} (${reason ?? ""})`);
      },
      stateDurable: (agent) => {
        const phase = agent.state?.phase;
        if (phase?.kind === "dead" && /REVOKED|STALE|QUARANTINED/.test(phase.code))
          accuse(agent.name, `died of ${phase.code}`);
      },
      oracleEvent: (oracle, event) => {
        if (event.event === "oracle.fenced" && oracle.correct) accuse(oracle.name, "fenced itself");
        if (event.event === "oracle.equivocation" && world.oracles.every((one) => one.correct))
          accuse(oracle.name, "convicted an oracle that did nothing");
      },
    };
  },
};
