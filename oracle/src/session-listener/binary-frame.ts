const FIN_BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * A binary message as a server sends it: one frame, not masked (RFC 6455 section 5.2), header and payload in one piece. ws hands
 * the two to the socket one by one, and a socket takes one piece with much less ado. The payload is copied.
 */
export function binaryFrame(payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = length < LENGTH_16 ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FIN_BINARY;
  frame[1] = header === 2 ? length : header === 4 ? LENGTH_16 : LENGTH_64;
  if (header === 4) frame.writeUInt16BE(length, 2);
  else if (header === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, header);
  return frame;
}
