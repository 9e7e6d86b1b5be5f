import { allow } from "./oauth-error.ts";

const PARAMETERS_MAX = 32;

/** What stands for something else in a form: most values of a token request hold none of it. */
const ESCAPED = /[%+]/;

function decodeComponent(text: string): string {
  if (!ESCAPED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    allow(false, "invalid_request", "a form parameter is not percent-encoded UTF-8");
  }
}

/**
 * Parses application/x-www-form-urlencoded as RFC 6749 section 3.2 wants it: a parameter twice is an error even
 * if the values are equal, and one without a value counts as left out. Throws OAuthError invalid_request.
 */
export function parseForm(body: string): ReadonlyMap<string, string> {
  const pairs = body === "" ? [] : body.split("&");
  allow(pairs.length <= PARAMETERS_MAX, "invalid_request", "too many form parameters");
  const seen = new Set<string>();
  const form = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = decodeComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeComponent(pair.slice(equals + 1));
    allow(!seen.has(name), "invalid_request", "a form parameter stands twice");
    seen.add(name);
    if (value !== "") form.set(name, value);
  }
  return form;
}
