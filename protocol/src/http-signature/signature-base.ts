import { utf8 } from "../bytes.ts";
import { check } from "../errors.ts";

/** A request as its signature sees it. */
export interface SignedRequest {
  readonly method: string;
  /** The parts of the target URI (RFC 9421 section 2.2), parsed and normalized by the caller. */
  readonly target: TargetUri;
  /** Field lines by lower-case name, in their order. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export interface TargetUri {
  readonly scheme: string;
  /** Lower case, without a default port (RFC 9421 section 2.2.3). */
  readonly authority: string;
  /** Never empty: at least "/". */
  readonly path: string;
  /** With its question mark; "" when there is none. */
  readonly query: string;
}

/** Signature parameters (RFC 9421 section 2.3) in the order in which they are written. */
export type SignatureParameters = readonly (readonly [name: string, value: string | number])[];

const INVALID = "ERR_HTTP_SIGNATURE";
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_|~-]+$/;
const PARAMETER_NAME = /^[a-z*][a-z0-9_.*-]*$/;
/** One line of visible text (RFC 9421 section 2.5): a line feed in a value would forge components. */
const VALUE = /^[\x20-\x7e]*$/;

/** RFC 9421 section 2.2. */
const DERIVED: Readonly<Record<string, (request: SignedRequest) => string>> = {
  "@method": ({ method }) => method,
  "@target-uri": ({ target }) => `${target.scheme}://${target.authority}${target.path}${target.query}`,
  "@authority": ({ target }) => target.authority,
  "@scheme": ({ target }) => target.scheme,
  "@request-target": ({ target }) => `${target.path}${target.query}`,
  "@path": ({ target }) => target.path,
  "@query": ({ target }) => (target.query === "" ? "?" : target.query),
};

/** RFC 9421 section 2.1: lines trimmed and joined with a comma and a space. */
function fieldValue(request: SignedRequest, name: string): string {
  const lines = request.fields.get(name);
  check(lines !== undefined, INVALID, `the request has no ${name}`);
  return lines.map((line) => line.trim()).join(", ");
}

function componentValue(request: SignedRequest, name: string): string {
  const derive = Object.hasOwn(DERIVED, name) ? DERIVED[name] : undefined;
  const known = derive !== undefined || FIELD_NAME.test(name);
  check(known, INVALID, "a component is neither a field nor known");
  const value = derive === undefined ? fieldValue(request, name) : derive(request);
  check(VALUE.test(value), INVALID, `${name} is not one line of visible text`);
  return value;
}

/** A string or an integer (RFC 8941 sections 3.3.1, 3.3.3). */
function bareItem(value: string | number): string {
  if (typeof value === "number") return String(value);
  check(VALUE.test(value), INVALID, "a parameter is not one line of visible text");
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** The signature base and the value of Signature-Input's member that belongs to it (RFC 9421 sections 2.5, 4.1). Throws ERR_HTTP_SIGNATURE. */
export function signatureBase(
  request: SignedRequest,
  components: readonly string[],
  parameters: SignatureParameters,
): { readonly base: Uint8Array; readonly input: string } {
  check(new Set(components).size === components.length, INVALID, "a component stands twice");
  const lines = components.map((name) => `"${name}": ${componentValue(request, name)}`);
  const listed = components.map((name) => `"${name}"`).join(" ");
  const trailer = parameters.map(([name, value]) => {
    check(PARAMETER_NAME.test(name), INVALID, "a parameter's name is none");
    return `;${name}=${bareItem(value)}`;
  });
  const input = `(${listed})${trailer.join("")}`;
  return { base: utf8([...lines, `"@signature-params": ${input}`].join("\n")), input };
}
