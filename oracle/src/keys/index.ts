export { newSigningKey, readSigningKey, type SigningKey, writeSigningKey } from "./ed25519-jwk.ts";
export { isShared, readSecretFile, writeSecretFile } from "./secret-file.ts";
export { pinOfCertificate, spkiPin, writeTlsKey } from "./tls-key.ts";
