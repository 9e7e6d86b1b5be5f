/** What the edge does with the peer that caused an error. */
export type Verdict = "ignore" | "reject" | "suspend";

export interface IpseErrorOptions {
  readonly verdict?: Verdict;
  /** Participant identifiers (oracle ids) proven to have caused the error. */
  readonly culprits?: readonly number[];
  readonly cause?: unknown;
}

/** The one error type of the protocol: a stable code for programs, a sentence for people. */
export class IpseError extends Error {
  readonly code: string;
  readonly verdict: Verdict;
  readonly culprits: readonly number[];

  constructor(code: string, message: string, options: IpseErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "IpseError";
    this.code = code;
    this.verdict = options.verdict ?? "reject";
    this.culprits = options.culprits ?? [];
  }
}

/** Throws unless the condition holds; the one-line form of a protocol check. */
export function check(condition: boolean, code: string, message: string): asserts condition {
  if (!condition) throw new IpseError(code, message);
}

/** The stable code of any thrown value; foreign errors become ERR_INTERNAL. */
export function errorCode(error: unknown): string {
  return error instanceof IpseError ? error.code : "ERR_INTERNAL";
}
