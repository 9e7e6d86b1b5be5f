let over = false;

/** From now on nothing is started any more: this process is about to end. */
export function endLifetime(): void {
  over = true;
}

/** Throws where something would be started that nobody would stop. */
export function checkLifetime(): void {
  if (over) throw new Error("stopping: nothing is started any more");
}
