import type { RunningOracle } from "./run-oracle.ts";

/** Set to 1 by a parent that holds our standard input open for as long as it lives, also when it is killed. */
export const PARENT_VARIABLE = "IPSE_EXIT_WITH_PARENT";

/** A stop that takes longer is cut off: the disk holds everything that was promised. */
const STOP_MS_MAX = 10_000;

/** Follows the parent that asked for it (PARENT_VARIABLE); `letGo` lets this process end before its parent. */
export function parentGone(): { readonly gone: Promise<void>; letGo(): void } {
  if (process.env[PARENT_VARIABLE] !== "1") return { gone: new Promise(() => {}), letGo: () => {} };
  const gone = new Promise<void>((resolve) => {
    for (const sign of ["end", "close", "error"]) process.stdin.once(sign, () => resolve());
  });
  process.stdin.resume();
  return { gone, letGo: () => void process.stdin.destroy() };
}

/**
 * Ends the process on TERM and INT, or when standard input closes where a parent asked for that; reloads on
 * HUP. Resolves never: the process exits 0 after a clean stop, 1 when it had to be cut off.
 */
export function untilSignal(oracle: RunningOracle, exitWithParent: boolean): Promise<never> {
  let stopping = false;
  const end = (why: string): void => {
    if (stopping) return;
    stopping = true;
    oracle.log.info({ why }, "oracle.stopping");
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    oracle.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        oracle.log.error({ err: error }, "oracle.stop-failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => end("SIGINT"));
  process.on("SIGHUP", () => oracle.reload());
  if (exitWithParent) {
    process.stdin.on("end", () => end("the parent is gone"));
    process.stdin.on("error", () => end("the parent is gone"));
    process.stdin.resume();
  }
  return new Promise<never>(() => {});
}
