/** Small helpers over byte strings. All comparisons here are of public data. */

const encoder = new TextEncoder();
const HEX = "0123456789abcdef";
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Texts up to this length are tried as ASCII first: the encoder allocates memory outside the heap for any text. */
const ASCII_CHARS_MAX = 64;

/** The bytes of a short ASCII text; undefined for any other. */
function asciiBytes(text: string): Uint8Array | undefined {
  const { length } = text;
  if (length > ASCII_CHARS_MAX) return undefined;
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return undefined;
    out[i] = code;
  }
  return out;
}

export function utf8(text: string): Uint8Array {
  return asciiBytes(text) ?? encoder.encode(text);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Equality of public byte strings (returns early; never use it on secrets). */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of public byte strings: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** As many whole characters of a text as fit into so many bytes of UTF-8. */
export function clipText(text: string, bytesMax: number): string {
  let out = "";
  let left = bytesMax;
  for (const char of text.toWellFormed()) {
    left -= utf8(char).length;
    if (left < 0) break;
    out += char;
  }
  return out;
}

const fromCodes = (codes: Uint8Array): string =>
  String.fromCharCode.apply(null, codes as unknown as number[]);

/** Keys up to this many bytes become characters by way of a list that is used again: `apply` copies anything else first. */
const LISTED_BYTES_MAX = 64;
/** One list for each length. */
const lists: number[][] = [];

/** A short, public byte string as a map key: one character a byte, so that equal keys are equal bytes. */
export function byteKey(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length > LISTED_BYTES_MAX) return fromCodes(bytes);
  lists[length] ??= new Array<number>(length).fill(0);
  const list = lists[length];
  for (let i = 0; i < length; i++) list[i] = bytes[i] ?? 0;
  return String.fromCharCode.apply(null, list);
}

const HEX_CODES = utf8(HEX);
/** Bytes whose digits are made into text at once. */
const HEX_CHUNK = 128;

export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (let from = 0; from < bytes.length; from += HEX_CHUNK) {
    const count = Math.min(HEX_CHUNK, bytes.length - from);
    const codes = new Uint8Array(2 * count);
    for (let i = 0; i < count; i++) {
      const byte = bytes[from + i] ?? 0;
      codes[2 * i] = HEX_CODES[byte >> 4] ?? 0;
      codes[2 * i + 1] = HEX_CODES[byte & 15] ?? 0;
    }
    out += fromCodes(codes);
  }
  return out;
}

/** Decodes lower-case hex; undefined when the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const BASE64URL_CODES = utf8(BASE64URL);
const ascii = new TextDecoder();

/** Unpadded base64url (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  const { length } = bytes;
  const out = new Uint8Array(Math.ceil((length * 4) / 3));
  let offset = 0;
  for (let i = 0; i < length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    // What is past the end of the array is not written.
    out[offset++] = BASE64URL_CODES[word >> 18] ?? 0;
    out[offset++] = BASE64URL_CODES[(word >> 12) & 63] ?? 0;
    out[offset++] = BASE64URL_CODES[(word >> 6) & 63] ?? 0;
    out[offset++] = BASE64URL_CODES[word & 63] ?? 0;
  }
  return ascii.decode(out);
}

const FOREIGN = 255;
/** Value of each ASCII character; FOREIGN where it is not of the alphabet. */
const BASE64URL_VALUES = new Uint8Array(128).fill(FOREIGN);
for (let value = 0; value < 64; value++) BASE64URL_VALUES[BASE64URL.charCodeAt(value)] = value;

/** Decodes unpadded canonical base64url; undefined when the text is anything else. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const { length } = text;
  if (length % 4 === 1) return undefined;
  const out = new Uint8Array(Math.floor((length * 3) / 4));
  let word = 0;
  let bits = 0;
  let offset = 0;
  for (let i = 0; i < length; i++) {
    const value = BASE64URL_VALUES[text.charCodeAt(i)] ?? FOREIGN;
    if (value === FOREIGN) return undefined;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[offset++] = (word >> bits) & 0xff;
    }
  }
  const spare = word & ((1 << bits) - 1);
  return spare === 0 ? out : undefined;
}

/**
 * Overwrites a secret. JavaScript engines may have copied the buffer before
 * (moving garbage collection, register spills): this narrows the window, it
 * does not close it.
 */
export function zeroize(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
