import type { Writable } from "node:stream";

type Output = Writable & { readonly isTTY?: boolean };
type Style = "bold" | "dim" | "green" | "red";

const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, green: 32, red: 31 };
const FRAMES = ["|", "/", "-", "\\"];
const SPIN_MS = 120;
/** Where nothing can be drawn over, a line now and then says that we still wait. */
const STILL_MS = 4000;

/** What happened when, in milliseconds since the start, one line an event. */
export class Timeline {
  readonly #out: Output;
  readonly #color: boolean;
  readonly #startMs = performance.now();
  #stopProgress: () => void = () => {};

  constructor(out: Output, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#color = out.isTTY === true && env["NO_COLOR"] === undefined && env["TERM"] !== "dumb";
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startMs);
  }

  #paint(style: Style, text: string): string {
    return this.#color ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
  }

  #stamp(): string {
    return this.#paint("dim", `${this.elapsedMs.toLocaleString("en-US").padStart(8)} ms`);
  }

  #line(mark: string, text: string): void {
    this.#out.write(`${this.#stamp()}  ${mark} ${text}\n`);
  }

  heading(text: string): void {
    this.#out.write(`\n${this.#paint("bold", text)}\n`);
  }

  text(text: string): void {
    this.#out.write(`${text}\n`);
  }

  done(text: string): void {
    this.#line(this.#paint("green", "+"), text);
  }

  alarm(text: string): void {
    this.#line(this.#paint("red", "!"), text);
  }

  /** Does something that takes a while, and shows that it does. */
  async during<T>(what: string, act: () => Promise<T>): Promise<T> {
    this.#stopProgress = this.#progress(what);
    try {
      return await act();
    } finally {
      this.quiet();
    }
  }

  /** The same, with a line about what came of it. */
  async step<T>(what: string, act: () => Promise<T>, tell: (result: T) => string): Promise<T> {
    const result = await this.during(what, act);
    this.done(tell(result));
    return result;
  }

  /** Ends the progress display, also from outside: somebody interrupts. */
  quiet(): void {
    this.#stopProgress();
    this.#stopProgress = () => {};
  }

  #progress(what: string): () => void {
    const startMs = this.elapsedMs;
    const seconds = () => Math.round((this.elapsedMs - startMs) / 1000);
    if (this.#out.isTTY !== true) {
      const timer = setInterval(() => this.#line(".", `still: ${what} (${seconds()} s)`), STILL_MS);
      return () => clearInterval(timer);
    }
    let frame = 0;
    const draw = () => {
      frame++;
      const turn = FRAMES[frame % FRAMES.length] ?? "";
      this.#out.write(`\r\x1b[2K${this.#stamp()}  ${turn} ${what} ...`);
    };
    draw();
    const timer = setInterval(draw, SPIN_MS);
    return () => {
      clearInterval(timer);
      this.#out.write("\r\x1b[2K");
    };
  }
}
