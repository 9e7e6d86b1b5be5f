import { stderr, stdout } from "node:process";

export function print(line = ""): void {
  stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

const WIDTH = 30;

/** A progress bar on a terminal; nothing elsewhere. */
export class Progress {
  readonly #shown = stderr.isTTY === true;
  #last = 0;

  update(done: number, total: number, note: string, nowMs: number): void {
    if (!this.#shown || (nowMs - this.#last < 100 && done < total)) return;
    this.#last = nowMs;
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
