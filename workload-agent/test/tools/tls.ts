import { createHash, X509Certificate } from "node:crypto";

/** Two self-signed certificates that serve nothing but these tests. */
export const TLS_ONE = {
  key: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGrnCIvGX2xEqSsCWM2gaCl9M8LTt5slcpHGZ0r3l2ff
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBQjCB9aADAgECAhRo8+Dqm+zswV29G/SIxHAqARX0bDAFBgMrZXAwFjEUMBIG
A1UEAwwLb3JhY2xlLnRlc3QwIBcNMjYxMTIyMTUwNDM3WhgPMjEyNjEwMjkxNTA0
MzdaMBYxFDASBgNVBAMMC29yYWNsZS50ZXN0MCowBQYDK2VwAyEA1/aCCcTf5izr
oq2c2DtiznO8Ro+oOgVPOuEqYdgzQcejUzBRMB0GA1UdDgQWBBTYqtRAnlqWREvi
8pE0yD+mHzVE4jAfBgNVHSMEGDAWgBTYqtRAnlqWREvi8pE0yD+mHzVE4jAPBgNV
HRMBAf8EBTADAQH/MAUGAytlcANBAK2MPYN2XVvW7Adzx5Y6RMSVVTNIJUBl1KcU
QEsCTtuUf0LZvUvotr3VD2/0oDjlnCfTKurFlJI+No/CgsSZZgM=
-----END CERTIFICATE-----
`,
};
export const TLS_OTHER = {
  key: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIHxEsXkAPOQjp2FqB3nMeAIGQjnqqicgQY2mR+fDBVUa
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBQDCB86ADAgECAhRDBDt4+67k6Pp1W3lgMo8fQnVBqDAFBgMrZXAwFTETMBEG
A1UEAwwKb3RoZXIudGVzdDAgFw0yNjExMjIxNTA0MzdaGA8yMTI2MTAyOTE1MDQz
N1owFTETMBEGA1UEAwwKb3RoZXIudGVzdDAqMAUGAytlcAMhAL1178NEPh8zRfN9
HhDYcB0T7dSjddF+OV2yhINTuvcYo1MwUTAdBgNVHQ4EFgQUqO1Aahswit2WLPT/
OMAJNo9mtVQwHwYDVR0jBBgwFoAUqO1Aahswit2WLPT/OMAJNo9mtVQwDwYDVR0T
AQH/BAUwAwEB/zAFBgMrZXADQQB9G6wN6oHLRmqnZYiJwy/PpsfLgHRfgI1jGYTm
3xblpmseNhb99iQ0kjiwuiBiEDgbg/R/NlsggXTliRj2QwEH
-----END CERTIFICATE-----
`,
};

/** SHA-256 of a certificate's SubjectPublicKeyInfo. */
export function pinOfPem(cert: string): Uint8Array {
  const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  return new Uint8Array(createHash("sha256").update(spki).digest());
}
