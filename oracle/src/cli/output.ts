import { IpseError } from "@ipse/protocol";

/** Exit codes: 0 ok, 1 failed, 2 usage or configuration. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

const USAGE_CODES = /^ERR_(USAGE|CONFIG|KEY_FILE|ROSTER_JSON|ROSTER_INVALID|JSON_|TLS_CERTIFICATE|DEV_STATE)/;

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
}

/** Any thrown value as a stable code, one sentence, and the exit code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof IpseError) {
    const exit = USAGE_CODES.test(error.code) ? EXIT.usage : EXIT.failed;
    return { code: error.code, message: error.message, exit };
  }
  const { code, path, syscall } = error as Partial<NodeJS.ErrnoException>;
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) {
    const where = [syscall, path].filter((part) => part !== undefined).join(" ");
    return { code: "ERR_SYSTEM", message: where === "" ? code : `${where}: ${code}`, exit: EXIT.failed };
  }
  const message = error instanceof Error ? error.message : "unknown error";
  return { code: "ERR_INTERNAL", message, exit: EXIT.failed };
}

export function printFailure({ code, message }: Failure, json: boolean): void {
  process.stderr.write(
    json ? `${JSON.stringify({ error: { code, message } })}\n` : `ipse-oracle: ${message} (${code})\n`,
  );
}

/** With --json one object on one line; otherwise the text for people. */
export function print(json: boolean, value: Readonly<Record<string, unknown>>, text: string): void {
  process.stdout.write(
    json ? `${JSON.stringify(value)}\n` : text.endsWith("\n") || text === "" ? text : `${text}\n`,
  );
}

export function warn(sentence: string): void {
  process.stderr.write(`warning: ${sentence}\n`);
}

/** Columns for people; empty cells show a dash. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null || cell === "" ? "-" : String(cell))));
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), ...cells.map(line)].join("\n");
}
