import { errorCode, IpseError } from "@ipse/protocol";
import { OUTCOMES, outcomeOf } from "../outcome.ts";

/** What a verb has to say: one JSON object, or lines for people. */
export interface Report {
  readonly json: object;
  readonly text: string;
}

/** Writes a report to stdout in the form that was asked for. */
export function printReport(report: Report, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(report.json)}\n` : `${report.text}\n`);
}

/** Writes an error to stderr and returns the exit code that belongs to it. */
export function printError(error: unknown, json: boolean): number {
  const known = error instanceof IpseError;
  const code = errorCode(error);
  const message = known
    ? error.message
    : `unexpected failure: ${error instanceof Error ? error.message : "?"}`;
  process.stderr.write(
    json ? `${JSON.stringify({ error: { code, message } })}\n` : `ipse-agent: ${message} (${code})\n`,
  );
  return OUTCOMES[outcomeOf(code)].exit;
}

/** Aligned `name  value` lines; absent values are left out. */
export function table(rows: readonly (readonly [string, string | number | null | undefined])[]): string {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}
