import type { IncomingMessage } from "node:http";
import { type Verifier, verifySignature, webcrypto } from "http-message-sig";
import { type CryptoKey, importJWK, type JWK } from "jose";

/** The library brings Ed25519; other algorithms are a verifier of WebCrypto's. */
function ecdsa(key: CryptoKey): Verifier {
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  return {
    algorithm: "ecdsa-p256-sha256",
    verify: (data, signature) =>
      crypto.subtle.verify(algorithm, key, Uint8Array.from(signature), Uint8Array.from(data)),
  };
}

/** Verifies by somebody else's library what a server received, under a key the server trusts. */
export async function verifies(url: string, received: IncomingMessage, jwk: JWK): Promise<readonly string[]> {
  const fields = Object.entries(received.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value) => ({ name, value })),
  );
  const key = await importJWK(jwk, jwk.kty === "EC" ? "ES256" : "EdDSA");
  if (key instanceof Uint8Array) throw new Error("not a public key");
  const targetUri = new URL(received.url ?? "", url).href;
  const message = { kind: "request", method: received.method ?? "", targetUri, fields } as const;
  const { components } = await verifySignature(message, {
    policy: {
      algorithms: ["ed25519", "ecdsa-p256-sha256"],
      requiredComponents: ["@method"],
      requiredParameters: ["created", "expires", "nonce"],
      maxAge: 300,
    },
    resolveVerifier: () => (jwk.kty === "EC" ? ecdsa(key) : webcrypto.verifier(key)),
  });
  return components.map(({ name }) => name);
}
