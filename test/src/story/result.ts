/** What the story found out: the last line of `npm start -- --json`. */
export interface StoryResult {
  readonly story: "clone-detected";
  readonly oracles: number;
  readonly quorum: number;
  readonly token: { readonly issued: boolean; readonly resource_status: number };
  readonly clone: {
    readonly detected: boolean;
    /** From the clone's first STEP leaving to the first durable suspension. */
    readonly detection_ms: number;
    /** Signatures the clone obtained in all, each counted after it verified. */
    readonly signatures_obtained: number;
  };
  readonly evidence: { readonly verified: boolean; readonly bytes: number };
  readonly after: {
    /** `revoked`, or `signed`, or the code of another refusal. */
    readonly original_sign: string;
    readonly clone_sign: string;
    /** `refused` when every attempt was, else `issued`. */
    readonly token: string;
    readonly introspection_active: boolean;
    readonly resource_status: number;
  };
}

/** What did not hold, one sentence each; none when the story is what it promises to be. */
export function broken({ token, clone, evidence, after }: StoryResult): string[] {
  const claims: readonly (readonly [boolean, string])[] = [
    [token.issued, "no token was issued"],
    [token.resource_status === 200, `the API answered ${token.resource_status} instead of 200`],
    [clone.detected, "the clone was not detected"],
    [clone.detection_ms >= 0, "the clone was suspended before its first step"],
    [evidence.verified, "the evidence does not verify"],
    [evidence.bytes > 0, "the evidence is empty"],
    [after.original_sign === "revoked", `the original's next signature: ${after.original_sign}`],
    [after.clone_sign === "revoked", `the copy's next signature: ${after.clone_sign}`],
    [after.token === "refused", `a token after the revocation: ${after.token}`],
    [!after.introspection_active, "introspection still calls the token active"],
    [after.resource_status === 401, `the API answered ${after.resource_status} instead of 401`],
  ];
  return claims.flatMap(([held, sentence]) => (held ? [] : [sentence]));
}
