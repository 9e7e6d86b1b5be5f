/**
 * The only platform objects protocol may use: UTF-8 conversion. They exist in every JavaScript runtime but
 * not in the ES2023 lib, and pulling in the DOM or node types for them would let impure code compile.
 */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}
