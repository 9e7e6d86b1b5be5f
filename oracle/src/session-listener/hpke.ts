import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import {
  type Header,
  headerHash,
  SEALED_DELTA_BYTES,
  SEALING_ENC_BYTES,
  SEALING_INFO,
  sealingAad,
} from "@ipse/protocol/session";

// The platform's own X25519: constant time, where portable JavaScript is not.
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});

/** The key of one connection's HELLO (SPEC section 6): it lives in memory, as long as the connection. */
export interface SealingKey {
  readonly publicKey: Uint8Array;
  /** Not extractable. */
  readonly privateKey: CryptoKeyPair["privateKey"];
}
type CryptoKeyPair = Awaited<ReturnType<typeof suite.kem.generateKeyPair>>;

/** The buffer behind exactly these bytes, as WebCrypto's types want it. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

export async function newSealingKey(): Promise<SealingKey> {
  const pair = await suite.kem.generateKeyPair();
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
  return { publicKey, privateKey: pair.privateKey };
}

/** Opens A_i, sealed for this oracle and this step alone; undefined when it does not open, which is no one's fault to prove. */
export async function openDelta(
  key: SealingKey,
  sealed: Uint8Array,
  header: Header,
  oracle: number,
): Promise<Uint8Array | undefined> {
  if (sealed.length !== SEALED_DELTA_BYTES) return undefined;
  const aad = sealingAad(header.instance, header.seq, headerHash(header), oracle);
  const params = {
    recipientKey: key.privateKey,
    enc: exact(sealed.subarray(0, SEALING_ENC_BYTES)),
    info: exact(SEALING_INFO),
  };
  try {
    return new Uint8Array(await suite.open(params, exact(sealed.subarray(SEALING_ENC_BYTES)), exact(aad)));
  } catch {
    return undefined;
  }
}
