import { SimError } from "../core/index.ts";
import { SCENARIOS, type Scenario } from "../scenarios/index.ts";

/** A scenario by name or number. Throws SimError naming the nearest ones. */
export function findScenario(wanted: string): Scenario {
  const found = SCENARIOS.find(({ name, number }) => name === wanted || String(number) === wanted);
  if (found !== undefined) return found;
  const near = SCENARIOS.filter(({ name }) => wanted.length > 2 && name.includes(wanted.slice(0, 4))).map(
    ({ name }) => name,
  );
  const hint = near.length > 0 ? `; did you mean ${near.join(", ")}?` : "; see ipse-sim list";
  throw new SimError("ERR_SIM_SCENARIO", `unknown scenario ${wanted}${hint}`);
}
