export interface Introspector {
  readonly endpoint: string;
  readonly resource: string;
  readonly secret: string;
}

/** RFC 6749 section 2.3.1: form-encode, join, base64. */
function basic(id: string, secret: string): string {
  const part = (text: string): string => new URLSearchParams({ v: text }).toString().slice("v=".length);
  return `Basic ${Buffer.from(`${part(id)}:${part(secret)}`).toString("base64")}`;
}

/** Asks the issuer whether a token is active (RFC 7662). Throws when it does not answer the question. */
export async function introspectToken(by: Introspector, token: string): Promise<boolean> {
  const answer = await fetch(by.endpoint, {
    method: "POST",
    headers: { authorization: basic(by.resource, by.secret), accept: "application/json" },
    body: new URLSearchParams({ token }),
  });
  const { active } = (await answer.json()) as { active?: unknown };
  if (answer.status !== 200 || typeof active !== "boolean")
    throw new Error(`introspection answered ${answer.status}`);
  return active;
}
