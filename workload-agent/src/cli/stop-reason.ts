/** Set to 1 by a parent that holds our standard input open for as long as it lives, also when it is killed. */
const PARENT_VARIABLE = "IPSE_EXIT_WITH_PARENT";

/** Resolves with why the process is to stop: a signal, or the end of the parent that asked for it. */
export function stopReason(): Promise<string> {
  return new Promise((done) => {
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => done(signal));
    if (process.env[PARENT_VARIABLE] !== "1") return;
    process.stdin
      .once("end", () => done("the parent is gone"))
      .once("error", () => done("the parent is gone"));
    process.stdin.resume();
  });
}

/** Ends the process whatever still hangs. */
export function giveUpAfter(ms: number): void {
  setTimeout(() => process.exit(1), ms).unref();
}
