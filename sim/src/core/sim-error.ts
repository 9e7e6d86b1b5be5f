/** A mistake of whoever asked for a simulation: bad scenario, option or file. The CLI exits with 2. */
export class SimError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "SimError";
    this.code = code;
  }
}
