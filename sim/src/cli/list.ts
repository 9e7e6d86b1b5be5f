import { CHECKERS } from "../checkers/index.ts";
import { CONTROLS } from "../controls/index.ts";
import { SCENARIOS } from "../scenarios/index.ts";
import { parse } from "./options.ts";
import { columns, print, printJson } from "./output.ts";

export const listHelp =
  "ipse-sim list [--json]\n\nLists scenarios, promises that are checked, and negative controls.";

export function list(args: readonly string[]): number {
  const { values } = parse(args, {});
  if (values["help"] === true) {
    print(listHelp);
    return 0;
  }
  if (values["json"] === true) {
    printJson({
      scenarios: SCENARIOS.map(({ number, name, expected, summary }) => ({
        number,
        name,
        expected: expected.join("|"),
        summary,
      })),
      checkers: CHECKERS.map(({ name, promise }) => ({ name, promise })),
      controls: CONTROLS.map(({ name, breaks, scenario }) => ({ name, breaks, scenario: scenario.name })),
    });
    return 0;
  }
  const rows = SCENARIOS.map(({ number, name, expected, summary }) => [
    String(number).padStart(2),
    name,
    expected.join("|"),
    summary,
  ]);
  for (const line of columns(rows)) print(line);
  print("\nPromises checked in every run:");
  for (const line of columns(CHECKERS.map(({ name, promise }) => [`  ${name}`, promise]))) print(line);
  print("\nNegative controls:");
  for (const line of columns(CONTROLS.map(({ name, breaks }) => [`  ${name}`, breaks]))) print(line);
  return 0;
}
