import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { writeSecretFile } from "./secret-file.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Nobody checks it: the roster's endpoint record pins the key. Still, a certificate needs one. */
const VALID_MS = 20 * 365 * 24 * 60 * 60 * 1000;

/** SHA-256 of a SubjectPublicKeyInfo: what an endpoint record pins. */
export function spkiPin(spki: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(spki).digest());
}

/** The pin of a certificate in PEM. Throws ERR_TLS_CERTIFICATE. */
export function pinOfCertificate(path: string): Uint8Array {
  try {
    const { publicKey } = new X509Certificate(readFileSync(path));
    return spkiPin(publicKey.export({ type: "spki", format: "der" }));
  } catch (cause) {
    throw new IpseError("ERR_TLS_CERTIFICATE", `${path} is not a certificate in PEM`, { cause });
  }
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** Makes the session listener's key and self-signed certificate (0600 both); returns the pin. */
export async function writeTlsKey(
  certFile: string,
  keyFile: string,
  name: string,
  nowMs: number,
): Promise<Uint8Array> {
  // Loaded where it is needed: a running oracle never makes a key, and would pay for it at every start.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs - 60_000),
    notAfter: new Date(nowMs + VALID_MS),
  });
  writeSecretFile(keyFile, toPem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)));
  writeSecretFile(certFile, `${certificate.toString("pem")}\n`);
  return spkiPin(new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey)));
}
