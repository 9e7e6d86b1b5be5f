const PARTS = /^(https?):\/\/([^/?#@\s]+)((?:\/[^?#\s]*)?)(?:\?[^#\s]*)?(?:#\S*)?$/i;
/**
 * What normalizeHtu leaves as it is, told by one look: lower-case host, no default port, no escapes, and segments
 * that are neither empty (but the last) nor begin with a dot.
 */
const NORMAL =
  /^https?:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::(?!80\/|443\/)[1-9][0-9]{0,4})?\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?$/;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/** RFC 3986 section 6.2.2: unreserved characters unescaped, the other escapes in upper case. */
function normalizeEscapes(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replaceAll(/%[0-9A-Fa-f]{2}/g, (triplet) => {
    const char = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return UNRESERVED.test(char) ? char : triplet.toUpperCase();
  });
}

/** RFC 3986 section 5.2.4. */
function removeDotSegments(path: string): string {
  const out: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === "..") out.pop();
    if (segment !== "." && segment !== "..") out.push(segment);
    else if (last) out.push("");
  });
  return `/${out.join("/")}`;
}

/**
 * An http(s) URL without query and fragment, normalized by syntax and scheme (RFC 3986 sections 6.2.2, 6.2.3), as
 * RFC 9449 section 4.3 compares `htu`. undefined: not such a URL (user information is not accepted either).
 */
export function normalizeHtu(url: string): string | undefined {
  if (NORMAL.test(url)) return url;
  const [, scheme, authority, rest] = PARTS.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) return undefined;
  const path = normalizeEscapes(rest);
  const host = normalizeEscapes(authority)?.toLowerCase();
  if (path === undefined || host === undefined || host.startsWith(":")) return undefined;
  const protocol = scheme.toLowerCase();
  const bare = host.replace(protocol === "https" ? /:0*443$|:$/ : /:0*80$|:$/, "");
  return `${protocol}://${bare}${removeDotSegments(path === "" ? "/" : path)}`;
}
