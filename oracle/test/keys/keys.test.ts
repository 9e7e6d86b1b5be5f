import { createPublicKey, sign, verify, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBase64Url } from "@ipse/protocol";
import { portableGroup } from "@ipse/protocol/group";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  newSigningKey,
  pinOfCertificate,
  readSigningKey,
  writeSecretFile,
  writeSigningKey,
  writeTlsKey,
} from "../../src/keys/index.ts";

describe("key files", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ipse-keys-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("keep a signing key for their user alone, and are never overwritten", () => {
    const path = join(dir, "vote.jwk");
    const key = newSigningKey(portableGroup);
    writeSigningKey(path, key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readSigningKey(portableGroup, path)).toEqual(key);
    expect(() => writeSigningKey(path, newSigningKey(portableGroup))).toThrow("EEXIST");
    const jwk = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    const publicKey = createPublicKey({ key: { ...jwk, d: undefined } as never, format: "jwk" });
    const message = Buffer.from("hello");
    expect(verify(null, message, publicKey, portableGroup.ed25519.sign(key.seed, message))).toBe(true);
  });

  it("replace atomically where that is asked for", () => {
    const path = join(dir, "state");
    writeSecretFile(path, "one");
    writeSecretFile(path, "two", true);
    expect(readFileSync(path, "utf8")).toBe("two");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("say what is wrong with a key and never repeat it", () => {
    const seed = toBase64Url(new Uint8Array(32).fill(9));
    const x = toBase64Url(new Uint8Array(32).fill(8));
    const cases = [
      "",
      "not json",
      `{"kty":"OKP","crv":"Ed25519","x":"${x}"}`,
      `{"kty":"OKP","crv":"Ed25519","x":"${x}","d":"${seed}"}`,
      `{"kty":"OKP","crv":"X25519","x":"${x}","d":"${seed}"}`,
      `{"kty":"OKP","crv":"Ed25519","x":"${x}","d":"${seed}","d":"${seed}"}`,
    ];
    for (const content of cases) {
      const path = join(dir, "bad.jwk");
      writeFileSync(path, content);
      const failure = (): unknown => readSigningKey(portableGroup, path);
      expect(failure).toThrow(expect.objectContaining({ code: "ERR_KEY_FILE" }));
      expect(failure).not.toThrow(new RegExp(seed));
    }
    expect(() => readSigningKey(portableGroup, join(dir, "none"))).toThrow("cannot read");
  });

  it("hold a TLS key whose pin is that of the certificate", async () => {
    const [cert, key] = [join(dir, "tls.crt"), join(dir, "tls.key")];
    const pin = await writeTlsKey(cert, key, "oracle-1", Date.now());
    expect(pinOfCertificate(cert)).toEqual(pin);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const { publicKey } = new X509Certificate(readFileSync(cert));
    const signature = sign("sha256", Buffer.from("x"), readFileSync(key));
    expect(verify("sha256", Buffer.from("x"), publicKey, signature)).toBe(true);
    expect(() => pinOfCertificate(key)).toThrow("is not a certificate");
  });
});
