import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type DsseEnvelope,
  encodePae,
  encodeStatement,
  IN_TOTO_PAYLOAD_TYPE,
  openEnvelope,
  parsePae,
  sealEnvelope,
} from "../../src/attestation/index.ts";
import { fromBase64Url, toBase64Url, utf8 } from "../../src/bytes.ts";
import { errorCode } from "../../src/errors.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("the pre-authentication encoding", () => {
  it("is DSSE's own vector (protocol.md, test vectors)", () => {
    const pae = encodePae("http://example.com/HelloWorld", utf8("hello world"));
    expect(text(pae)).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  it.each([
    ["", "", "DSSEv1 0  0 "],
    ["a", "", "DSSEv1 1 a 0 "],
    ["ü", "日本", "DSSEv1 2 ü 6 日本"],
    ["a b", "1 2 3", "DSSEv1 3 a b 5 1 2 3"],
  ])("counts bytes: %j and %j", (type, body, expected) => {
    const pae = encodePae(type, utf8(body));
    expect(text(pae)).toBe(expected);
    expect(text(parsePae(pae).body)).toBe(body);
  });
});

const pair = () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const x = publicKey.export({ format: "jwk" }).x ?? "";
  return { privateKey, key: { kid: "k", publicKey: fromBase64Url(x) ?? new Uint8Array() } };
};
const byNode = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  verify(
    null,
    message,
    { key: { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) }, format: "jwk" },
    signature,
  );
const { privateKey, key } = pair();
const statement = encodeStatement({
  subject: [{ name: "app.tgz", digest: { sha256: "ab".repeat(32) } }],
  predicateType: "https://slsa.dev/provenance/v1",
  predicate: { buildType: "https://ci.example/v1" },
});
const signed = (body = statement, type = IN_TOTO_PAYLOAD_TYPE): DsseEnvelope => {
  const signature = new Uint8Array(sign(null, encodePae(type, body), privateKey));
  return { ...sealEnvelope(body, key.kid, signature), payloadType: type };
};
const open = (envelope: object | string, keys = [key]) =>
  openEnvelope(utf8(typeof envelope === "string" ? envelope : JSON.stringify(envelope)), keys, byNode);
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return "ok";
  } catch (error) {
    return errorCode(error);
  }
};

describe("an envelope", () => {
  it("opens with a trusted key, whatever its keyid says", () => {
    const envelope = signed();
    expect(open(envelope).statement.predicateType).toBe("https://slsa.dev/provenance/v1");
    const [first] = envelope.signatures;
    const other = { ...envelope, signatures: [{ keyid: "somebody", sig: first?.sig ?? "" }] };
    expect(open(other, [pair().key, key]).kid).toBe("k");
  });

  it("opens in the URL-safe alphabet and beside signatures of others", () => {
    const envelope = signed();
    const urlSafe = (s: string) => s.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const signatures = [{ sig: "AAAA" }, { sig: urlSafe(envelope.signatures[0]?.sig ?? "") }];
    expect(open({ ...envelope, payload: urlSafe(envelope.payload), signatures }).kid).toBe("k");
  });

  const envelope = signed();
  const tampered = encodeStatement({
    subject: [{ name: "app.tgz", digest: { sha256: "cd".repeat(32) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {},
  });
  it.each<[string, object | string, string]>([
    [
      "another payload under the old signature",
      { ...envelope, payload: sealEnvelope(tampered, "k", new Uint8Array(64)).payload },
      "ERR_ATTESTATION_SIGNATURE",
    ],
    [
      "another payload type under the old signature",
      { ...envelope, payloadType: "text/plain" },
      "ERR_ATTESTATION_SIGNATURE",
    ],
    [
      "a signature over the bare payload, without PAE",
      sealEnvelope(statement, "k", new Uint8Array(sign(null, statement, privateKey))),
      "ERR_ATTESTATION_SIGNATURE",
    ],
    ["a signed body of another type", signed(statement, "application/json"), "ERR_ATTESTATION_TYPE"],
    ["a signed body that is no statement", signed(utf8('{"a":1}')), "ERR_ATTESTATION_STATEMENT"],
    ["a signed body with a key twice", signed(utf8('{"_type":1,"_type":2}')), "ERR_JSON_DUPLICATE_KEY"],
    ["no signatures", { ...envelope, signatures: [] }, "ERR_ATTESTATION_ENVELOPE"],
    [
      "a flood of signatures",
      { ...envelope, signatures: Array.from({ length: 17 }, () => ({ sig: "AAAA" })) },
      "ERR_ATTESTATION_ENVELOPE",
    ],
    ["a payload that is not base64", { ...envelope, payload: "%" }, "ERR_ATTESTATION_ENVELOPE"],
    ["two payloads", JSON.stringify(envelope).replace("{", '{"payload":"e30=",'), "ERR_JSON_DUPLICATE_KEY"],
    ["no JSON", "DSSE", "ERR_JSON_SYNTAX"],
  ])("with %s stays shut", (_name, given, code) => {
    expect(codeOf(() => open(given))).toBe(code);
  });

  it("stays shut without a trusted key", () => {
    expect(codeOf(() => open(envelope, []))).toBe("ERR_ATTESTATION_SIGNATURE");
    expect(codeOf(() => open(envelope, [pair().key]))).toBe("ERR_ATTESTATION_SIGNATURE");
  });
});
