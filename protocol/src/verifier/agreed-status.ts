/** How many oracles there are to ask, and how many may lie. */
export interface Electorate {
  readonly quorum: number;
  readonly byzantineMax: number;
}

/**
 * What oracles together say of a token's status (RFC 7662 `active`), one answer of each: inactive once b+1 say so;
 * active once q do, or b+1 when nobody else is going to answer (`final`). So b liars can neither keep a revoked token
 * alive nor end one. undefined: not decided, and not to be believed when `final`.
 */
export function agreedStatus(
  answers: readonly boolean[],
  { quorum, byzantineMax }: Electorate,
  final: boolean,
): boolean | undefined {
  const active = answers.filter((answer) => answer).length;
  if (answers.length - active > byzantineMax) return false;
  if (active >= quorum || (final && active > byzantineMax)) return true;
  return undefined;
}
