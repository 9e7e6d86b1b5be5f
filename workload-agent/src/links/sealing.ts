import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { check, concatBytes } from "@ipse/protocol";
import {
  headerHash,
  SEALED_DELTA_BYTES,
  SEALING_INFO,
  type SignedHeader,
  sealingAad,
} from "@ipse/protocol/session";

// The platform's own X25519: constant time, where portable JavaScript is not.
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});

/** The buffer behind exactly these bytes, as WebCrypto's types want it. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/** Seals A_i for one oracle's connection key and one step (protocol/src/session/sealing.ts). */
export async function sealDelta(
  sealingKey: Uint8Array,
  signed: SignedHeader,
  oracle: number,
  delta: Uint8Array,
): Promise<Uint8Array> {
  const { header } = signed;
  const recipientPublicKey = await suite.kem.deserializePublicKey(exact(sealingKey));
  const aad = sealingAad(header.instance, header.seq, headerHash(header), oracle);
  const plain = exact(delta);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: exact(SEALING_INFO) }, plain, exact(aad));
  new Uint8Array(plain).fill(0);
  const sealed = concatBytes(new Uint8Array(enc), new Uint8Array(ct));
  check(sealed.length === SEALED_DELTA_BYTES, "ERR_SEALING", "a sealed delta of a wrong length");
  return sealed;
}
