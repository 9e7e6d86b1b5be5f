import { stderr, stdout } from "node:process";

export function print(line = ""): void {
  stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

const WIDTH = 30;
/** How often a log, which is no terminal, gets a line. */
const LOG_EVERY_MS = 60_000;

/** A progress bar on a terminal; elsewhere a line now and then. */
export class Progress {
  readonly #shown = stderr.isTTY === true;
  #last: number | undefined;

  update(done: number, total: number, note: string, nowMs: number): void {
    this.#last ??= nowMs;
    if (nowMs - this.#last < (this.#shown ? 100 : LOG_EVERY_MS)) return;
    this.#last = nowMs;
    if (!this.#shown) {
      stderr.write(`${done}/${total} ${note}\n`);
      return;
    }
    const full = Math.round((done / Math.max(1, total)) * WIDTH);
    stderr.write(`\r[${"#".repeat(full)}${".".repeat(WIDTH - full)}] ${done}/${total} ${note}\u001b[K`);
  }

  end(): void {
    if (this.#shown) stderr.write("\r\u001b[K");
  }
}

/** Rows as aligned columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
