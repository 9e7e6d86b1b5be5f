import { IpseError } from "../errors.ts";

/** What JSON text can say. Objects have the ordinary prototype and own keys only. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export interface StrictJsonOptions {
  /** UTF-16 code units of text, or bytes, accepted at most. */
  readonly lengthMax?: number;
  /** Arrays and objects inside each other at most. */
  readonly depthMax?: number;
}

const LENGTH_MAX = 64 * 1024;
const DEPTH_MAX = 16;
const WHITE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 section 7 wants them escaped
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

class Parser {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  #fail(code: string, what: string, at = this.#at): never {
    throw new IpseError(code, `${what} at position ${at}`);
  }

  /** Reads what a sticky pattern matches here; undefined when it does not. */
  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  /** Skips white space and says what stands next. */
  #peek(): string {
    this.#match(WHITE);
    return this.#text.charAt(this.#at);
  }

  #expect(char: string): void {
    if (this.#peek() !== char) this.#fail("ERR_JSON_SYNTAX", `expected ${JSON.stringify(char)}`);
    this.#at++;
  }

  document(): JsonValue {
    const value = this.#value(0);
    if (this.#peek() !== "") this.#fail("ERR_JSON_SYNTAX", "something follows the value");
    return value;
  }

  #value(depth: number): JsonValue {
    const next = this.#peek();
    if (next === "{" || next === "[") {
      if (depth >= this.#depthMax) this.#fail("ERR_JSON_DEPTH", `nested deeper than ${this.#depthMax}`);
      return next === "{" ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    if (next === '"') return this.#string();
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  #object(depth: number): JsonValue {
    const out: Record<string, JsonValue> = {};
    this.#expect("{");
    if (this.#peek() === "}") this.#at++;
    else this.#members(out, depth);
    return out;
  }

  #members(out: Record<string, JsonValue>, depth: number): void {
    for (;;) {
      if (this.#peek() !== '"') this.#fail("ERR_JSON_SYNTAX", "expected a key");
      const start = this.#at;
      const key = this.#string();
      if (key === "__proto__") this.#fail("ERR_JSON_KEY", "the key __proto__", start);
      if (Object.hasOwn(out, key)) this.#fail("ERR_JSON_DUPLICATE_KEY", "a key stands twice", start);
      this.#expect(":");
      out[key] = this.#value(depth);
      if (this.#peek() !== ",") break;
      this.#at++;
    }
    this.#expect("}");
  }

  #array(depth: number): JsonValue {
    const out: JsonValue[] = [];
    this.#expect("[");
    if (this.#peek() === "]") {
      this.#at++;
      return out;
    }
    for (;;) {
      out.push(this.#value(depth));
      if (this.#peek() !== ",") break;
      this.#at++;
    }
    this.#expect("]");
    return out;
  }

  #string(): string {
    const start = this.#at;
    let out = "";
    this.#at++;
    for (;;) {
      out += this.#match(PLAIN)?.[0] ?? "";
      const char = this.#text.charAt(this.#at);
      if (char === '"') break;
      if (char !== "\\")
        this.#fail("ERR_JSON_SYNTAX", char === "" ? "an open string" : "a raw control character");
      this.#at++;
      out += this.#escape();
    }
    this.#at++;
    if (!out.isWellFormed()) this.#fail("ERR_JSON_SURROGATE", "a string with a lone surrogate", start);
    return out;
  }

  #escape(): string {
    const char = this.#text.charAt(this.#at);
    this.#at++;
    if (char === "u") {
      const hex = this.#match(HEX4)?.[0];
      if (hex === undefined) this.#fail("ERR_JSON_SYNTAX", "\\u without four hex digits");
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
    if (plain === undefined) this.#fail("ERR_JSON_SYNTAX", "an unknown escape", this.#at - 1);
    return plain;
  }

  #number(): number {
    const start = this.#at;
    const found = this.#match(NUMBER);
    if (found === undefined) this.#fail("ERR_JSON_SYNTAX", "expected a value");
    const value = Number(found[0]);
    const whole = found[1] === undefined && found[2] === undefined;
    // RFC 7493 section 2.2: what other parsers may round is refused, not guessed.
    if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value)))
      this.#fail("ERR_JSON_NUMBER", "a number out of range", start);
    return value;
  }
}

/**
 * Parses JSON (RFC 8259) that is signed or authorizes something. Beyond the grammar it refuses what JSON.parse
 * lets pass: a key twice in one object at any depth, the key `__proto__`, lone surrogates, integers beyond
 * 2^53 - 1, numbers that overflow, deep nesting and long input. Errors name the position, never the content.
 * Throws ERR_JSON_SYNTAX, _DUPLICATE_KEY, _KEY, _SURROGATE, _NUMBER, _DEPTH or _SIZE.
 */
export function parseStrictJson(text: string, options: StrictJsonOptions = {}): JsonValue {
  const { lengthMax = LENGTH_MAX, depthMax = DEPTH_MAX } = options;
  if (text.length > lengthMax) throw new IpseError("ERR_JSON_SIZE", `more than ${lengthMax} characters`);
  return new Parser(text, depthMax).document();
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** parseStrictJson on UTF-8 bytes without a byte order mark. Throws ERR_JSON_UTF8 as well. */
export function parseStrictJsonBytes(bytes: Uint8Array, options: StrictJsonOptions = {}): JsonValue {
  const { lengthMax = LENGTH_MAX } = options;
  if (bytes.length > lengthMax) throw new IpseError("ERR_JSON_SIZE", `more than ${lengthMax} bytes`);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new IpseError("ERR_JSON_UTF8", "not UTF-8", { cause });
  }
  return parseStrictJson(text, options);
}
