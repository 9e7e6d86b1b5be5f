import { describe, expect, it } from "vitest";
import { concatBytes, utf8 } from "../../src/bytes.ts";
import { signingInput as ipseInput, u8 } from "../../src/encoding/index.ts";
import { type Judgement, judgeMessage } from "../../src/policy/index.ts";
import type { MessageType } from "../../src/session/body.ts";
import {
  claims,
  header,
  issuer,
  jkt,
  kid,
  NOW,
  nowSeconds,
  signingInput,
  workload,
} from "../oauth/fixture.ts";

const raw = { ...workload, allowRaw: true };
function judge(type: MessageType, payload: Uint8Array, changes: Partial<Judgement> = {}) {
  return judgeMessage({ message: { type, payload }, workload, kid, issuer, nowMs: NOW, ...changes });
}
const assertion = (changes: object = {}, head: object = {}, on: Partial<Judgement> = {}) =>
  judge("assertion", signingInput({ ...header, ...head }, { ...claims, ...changes }), on);

describe("any message", () => {
  it("of a workload that does not exist is denied", () => {
    expect(assertion({}, {}, { workload: undefined })).toBe("ERR_POLICY_WORKLOAD");
    expect(assertion({}, {}, { workload: { ...workload, deleted: true } })).toBe("ERR_POLICY_WORKLOAD");
  });
});

describe("an assertion is allowed", () => {
  it.each<[string, object, object]>([
    ["for our issuer", {}, {}],
    ["with alg Ed25519", {}, { alg: "Ed25519" }],
    [
      "bound to scope, resource and a DPoP key",
      { scope: "orders:read", resource: workload.resources[0], cnf: { jkt } },
      {},
    ],
    ["for a resource of the workload", { aud: workload.resources[1] }, {}],
    ["with the nbf that OAuth libraries add", { nbf: nowSeconds }, {}],
    ["from a clock a little ahead", { iat: nowSeconds + 29, exp: nowSeconds + 89 }, {}],
  ])("%s", (_name, changes, head) => {
    expect(assertion(changes, head)).toBeUndefined();
  });

  it("for an audience allowed beyond these", () => {
    const aud = "https://login.example";
    expect(assertion({ aud })).toBe("ERR_POLICY_AUDIENCE");
    expect(assertion({ aud }, {}, { allowedAudiences: [aud] })).toBeUndefined();
  });
});

describe("an assertion is denied", () => {
  it.each<[string, object, object, string]>([
    ["for another type that a server may confuse", {}, { typ: "JWT" }, "ERR_ASSERTION_HEADER"],
    ["with alg none", {}, { alg: "none" }, "ERR_ASSERTION_HEADER"],
    ["with a key of the sender's choice", {}, { jwk: { kty: "OKP" } }, "ERR_ASSERTION_HEADER"],
    ["with a key URL", {}, { jku: "https://evil.test" }, "ERR_ASSERTION_HEADER"],
    ["with an unencoded payload", {}, { b64: false, crit: ["b64"] }, "ERR_ASSERTION_HEADER"],
    ["under another instance's kid", {}, { kid: jkt }, "ERR_ASSERTION_KID"],
    [
      "in another workload's name",
      { iss: "spiffe://test.ipse/a", sub: "spiffe://test.ipse/a" },
      {},
      "ERR_ASSERTION_SUBJECT",
    ],
    ["with another subject", { sub: "spiffe://test.ipse/a" }, {}, "ERR_ASSERTION_SUBJECT"],
    ["for an audience it may not address", { aud: "https://evil.test" }, {}, "ERR_POLICY_AUDIENCE"],
    ["for our issuer with a slash more", { aud: `${issuer}/` }, {}, "ERR_POLICY_AUDIENCE"],
    ["for two audiences at once", { aud: [issuer, "https://evil.test"] }, {}, "ERR_ASSERTION_CLAIMS"],
    ["that lives for ever", { exp: nowSeconds + 61 }, {}, "ERR_ASSERTION_LIFETIME"],
    ["that ends before it starts", { exp: nowSeconds - 1 }, {}, "ERR_ASSERTION_LIFETIME"],
    [
      "from the future, to be used later",
      { iat: nowSeconds + 3600, exp: nowSeconds + 3660 },
      {},
      "ERR_ASSERTION_NOT_YET",
    ],
    ["not to be used before later", { nbf: nowSeconds + 50 }, {}, "ERR_ASSERTION_NOT_YET"],
    ["that has expired", { iat: nowSeconds - 60, exp: nowSeconds }, {}, "ERR_ASSERTION_EXPIRED"],
    ["with a time as text", { exp: `${nowSeconds + 60}` }, {}, "ERR_ASSERTION_CLAIMS"],
    ["with a fractional time", { exp: nowSeconds + 0.5 }, {}, "ERR_ASSERTION_CLAIMS"],
    ["without jti", { jti: undefined }, {}, "ERR_ASSERTION_CLAIMS"],
    ["with an endless jti", { jti: "x".repeat(257) }, {}, "ERR_ASSERTION_CLAIMS"],
    ["with a claim nobody knows", { admin: true }, {}, "ERR_ASSERTION_CLAIMS"],
    ["with a scope beyond the grants", { scope: "orders:read admin" }, {}, "ERR_ASSERTION_SCOPE"],
    ["with a scope twice", { scope: "orders:read orders:read" }, {}, "ERR_ASSERTION_SCOPE"],
    [
      "with a resource beyond the grants",
      { resource: "https://orders.test/admin" },
      {},
      "ERR_ASSERTION_RESOURCE",
    ],
    ["with a confirmation that is no thumbprint", { cnf: { jkt: "abc" } }, {}, "ERR_ASSERTION_CLAIMS"],
    ["with a confirmation by key", { cnf: { jwk: {} } }, {}, "ERR_ASSERTION_CLAIMS"],
  ])("%s", (_name, changes, head, code) => {
    expect(assertion(changes, head)).toBe(code);
  });

  const text = JSON.stringify(claims);
  const compact = new TextDecoder().decode(signingInput(header, claims));
  it.each<[string, Uint8Array, string]>([
    [
      "with aud twice, since parsers differ",
      signingInput(header, text.replace("{", '{"aud":"https://evil.test",')),
      "ERR_JSON_DUPLICATE_KEY",
    ],
    ["with a third part", utf8(`${compact}.`), "ERR_JWT_SYNTAX"],
    ["with one part", utf8(compact.split(".")[0] ?? ""), "ERR_JWT_SYNTAX"],
    ["in padded base64", utf8(compact.replace(".", "=.")), "ERR_JWT_SYNTAX"],
    ["with a line feed behind", utf8(`${compact}\n`), "ERR_JWT_SYNTAX"],
    ["whose claims are a list", signingInput(header, [claims]), "ERR_JWT_SYNTAX"],
    [
      "with __proto__ among the claims",
      signingInput(header, text.replace("{", '{"__proto__":{},')),
      "ERR_JSON_KEY",
    ],
    ["that is empty", new Uint8Array(), "ERR_JWT_SYNTAX"],
    ["that is not text", Uint8Array.of(0xff, 0x2e, 0xff), "ERR_JWT_SYNTAX"],
  ])("%s", (_name, payload, code) => {
    expect(judge("assertion", payload)).toBe(code);
  });
});

describe("raw bytes", () => {
  it("need their own permission", () => {
    expect(judge("raw", utf8("hello"))).toBe("ERR_POLICY_RAW");
    expect(judge("raw", utf8("hello"), { workload: raw })).toBeUndefined();
  });

  const compact = new TextDecoder().decode(signingInput(header, claims));
  const utf16 = (text: string) => Uint8Array.from([...text].flatMap((char) => [char.charCodeAt(0), 0]));
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  it.each<[string, Uint8Array]>([
    ["a client assertion", utf8(compact)],
    ["an assertion of any type", signingInput({ alg: "EdDSA" }, { iss: "x" })],
    ["a JWS with an unencoded payload (RFC 7797)", utf8(`${compact.split(".")[0]}.$.02`)],
    ["a JWS with an empty payload", utf8(`${compact.split(".")[0]}.`)],
    ["a JWS whose header only Python parses", signingInput('{"alg":"EdDSA","x":NaN}', {})],
    ["a JWS header with white space in front", signingInput(' \n{"alg":"EdDSA"} ', {})],
    ["a JWS header in UTF-16", utf8(`${base64(utf16('{"alg":"EdDSA"}'))}.e30`)],
    ["a JWS header behind a byte order mark", signingInput('\ufeff{"alg":"EdDSA"}', {})],
    ["a JWS in padded base64", utf8(`${Buffer.from('{"alg":"EdDSA"}').toString("base64")}.e30`)],
    ["a JWS broken by characters that decoders skip", utf8(`${compact.slice(0, 9)}\r\n ${compact.slice(9)}`)],
    ["a DSSE envelope", utf8("DSSEv1 4 abcd 0 ")],
    ["an Ipse signature's input", ipseInput("ipse/v1/vote", u8, 1)],
    ["an Ipse tag of a later version", concatBytes(Uint8Array.of(20), utf8("ipse/v9/whatever"))],
    ["an HTTP signature base", utf8('"@method": GET\n"@signature-params": ("@method")')],
    ["a signature base in an unknown wrapping", utf8('x\n"@signature-params": ()')],
  ])("cannot be %s", (_name, payload) => {
    expect(judge("raw", payload, { workload: raw })).toBe("ERR_POLICY_RAW_TYPED");
  });

  it.each([
    "a sentence. And another one.",
    "eyes.txt",
    "{}",
    "3.14",
    "",
    ".",
    "DSSEv1",
    " DSSEv1 4 abcd",
    "e30",
  ])("may be %j", (text) => {
    expect(judge("raw", utf8(text), { workload: raw })).toBeUndefined();
  });
});

describe("an attestation", () => {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "app.tgz", digest: { sha256: "0".repeat(64) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { builder: "ci" },
  };
  const type = "application/vnd.in-toto+json";
  const pae = (kind: string, text: string) =>
    utf8(`DSSEv1 ${kind.length} ${kind} ${utf8(text).length} ${text}`);
  const json = JSON.stringify(statement);

  it("of an in-toto statement is allowed", () => {
    expect(judge("attestation", pae(type, json))).toBeUndefined();
    const named = JSON.stringify({ ...statement, predicate: { name: "Zoë" } });
    expect(judge("attestation", pae(type, named))).toBeUndefined();
  });

  it.each<[string, Uint8Array, string]>([
    ["another payload type", pae("application/json", json), "ERR_POLICY_ATTESTATION"],
    ["a length that hides a tail", utf8(`DSSEv1 ${type.length} ${type} 2 ${json}`), "ERR_POLICY_ATTESTATION"],
    ["a length beyond the end", utf8(`DSSEv1 ${type.length} ${type} 9999 ${json}`), "ERR_POLICY_ATTESTATION"],
    [
      "a padded length",
      utf8(`DSSEv1 0${type.length} ${type} ${json.length} ${json}`),
      "ERR_POLICY_ATTESTATION",
    ],
    ["a type length beyond the end", utf8("DSSEv1 999999 x"), "ERR_POLICY_ATTESTATION"],
    ["another DSSE version", pae(type, json).with(5, 0x32), "ERR_POLICY_ATTESTATION"],
    ["a body that is no statement", pae(type, "{}"), "ERR_POLICY_ATTESTATION"],
    ["no subject", pae(type, JSON.stringify({ ...statement, subject: [] })), "ERR_POLICY_ATTESTATION"],
    ["a digest that is none", pae(type, json.replace("0000", "000g")), "ERR_POLICY_ATTESTATION"],
    ["a digest cut short", pae(type, json.replace("0000", "")), "ERR_POLICY_ATTESTATION"],
    [
      "a predicate type that is no URI",
      pae(type, JSON.stringify({ ...statement, predicateType: "slsa" })),
      "ERR_POLICY_ATTESTATION",
    ],
    [
      "a predicate type twice",
      pae(type, json.replace("{", '{"predicateType":"x",')),
      "ERR_JSON_DUPLICATE_KEY",
    ],
    ["a client assertion", signingInput(header, claims), "ERR_POLICY_ATTESTATION"],
    ["nothing", new Uint8Array(), "ERR_POLICY_ATTESTATION"],
  ])("with %s is denied", (_name, payload, code) => {
    expect(judge("attestation", payload)).toBe(code);
  });
});

describe("an HTTP signature base", () => {
  const params = ';created=1618884473;keyid="test-key-ed25519";alg="ed25519"';
  const base = (lines: readonly string[], listed: string, trailer = params) =>
    utf8([...lines, `"@signature-params": (${listed})${trailer}`].join("\n"));

  it.each<[string, Uint8Array]>([
    [
      "of RFC 9421 appendix B.2.6",
      base(
        [
          '"date": Tue, 20 Apr 2021 02:07:55 GMT',
          '"@method": POST',
          '"@path": /foo',
          '"@authority": example.com',
          '"content-type": application/json',
          '"content-length": 18',
        ],
        '"date" "@method" "@path" "@authority" "content-type" "content-length"',
      ),
    ],
    [
      "with component parameters",
      base(
        ['"@query-param";name="Pet": dog', '"example-dict";key="a": 1', '"@method";req: POST'],
        '"@query-param";name="Pet" "example-dict";key="a" "@method";req',
      ),
    ],
    ["with an empty field value", base(['"x-empty": '], '"x-empty"')],
    ["that covers nothing", base([], "")],
  ])("%s is allowed", (_name, payload) => {
    expect(judge("http-signature", payload)).toBeUndefined();
  });

  it.each<[string, Uint8Array]>([
    ["that lists more than it covers", base(['"@method": GET'], '"@method" "@path"')],
    ["that covers more than it lists", base(['"@method": GET', '"@path": /'], '"@method"')],
    ["in another order", base(['"@method": GET', '"@path": /'], '"@path" "@method"')],
    ["that covers a component twice", base(['"@method": GET', '"@method": PUT'], '"@method" "@method"')],
    ["with two @signature-params", base(['"@signature-params": ("@method")'], '"@signature-params"')],
    ["without @signature-params", utf8('"@method": GET')],
    ["with something behind", concatBytes(base(['"@method": GET'], '"@method"'), utf8("\n"))],
    ["with carriage returns", utf8('"@method": GET\r\n"@signature-params": ("@method")')],
    ["with parameters that are none", base(['"@method": GET'], '"@method"', " junk")],
    ["beyond ASCII", base(['"x": ü'], '"x"')],
    ["that is a client assertion", signingInput(header, claims)],
    ["that is empty", new Uint8Array()],
  ])("%s is denied", (_name, payload) => {
    expect(judge("http-signature", payload)).toBe("ERR_POLICY_HTTP_SIGNATURE");
  });
});

describe("a WIMSE token", () => {
  const proof = { aud: "https://orders.test/", exp: nowSeconds + 60, jti: "1", wth: "x" };
  const jwk = { kty: "OKP", crv: "Ed25519", x: "A".repeat(43), alg: "EdDSA" };
  const identity = { sub: workload.spiffeId, exp: nowSeconds + 60, cnf: { jwk } };
  const wimse = (head: object, body: object) => judge("wimse", signingInput({ alg: "EdDSA", ...head }, body));

  it("of its two types is allowed", () => {
    expect(wimse({ typ: "wpt+jwt" }, proof)).toBeUndefined();
    expect(wimse({ typ: "wit+jwt" }, identity)).toBeUndefined();
  });

  it.each<[string, object, object]>([
    ["of another type", { typ: "JWT" }, proof],
    ["that servers could take for a client assertion", { typ: "wpt+jwt" }, { ...proof, ...claims }],
    ["with a subject", { typ: "wpt+jwt" }, { ...proof, sub: workload.spiffeId }],
    ["about another workload", { typ: "wit+jwt" }, { ...identity, sub: "spiffe://test.ipse/a" }],
    ["that anybody could bear", { typ: "wit+jwt" }, { ...identity, cnf: undefined }],
    ["that names its key by hash", { typ: "wit+jwt" }, { ...identity, cnf: { jkt: "A".repeat(43) } }],
    ["with a private key", { typ: "wit+jwt" }, { ...identity, cnf: { jwk: { ...jwk, d: "A" } } }],
    [
      "with a key for any algorithm",
      { typ: "wit+jwt" },
      { ...identity, cnf: { jwk: { ...jwk, alg: "none" } } },
    ],
    ["that outlives a revocation by hours", { typ: "wit+jwt" }, { ...identity, exp: nowSeconds + 7200 }],
    ["that proves for hours", { typ: "wpt+jwt" }, { ...proof, exp: nowSeconds + 3600 }],
    ["with an audience for the identity", { typ: "wit+jwt" }, { ...claims }],
    ["that has expired", { typ: "wpt+jwt" }, { ...proof, exp: nowSeconds }],
    ["that never expires", { typ: "wpt+jwt" }, { ...proof, exp: undefined }],
    ["with a header nobody knows", { typ: "wpt+jwt", crit: ["x"] }, proof],
  ])("%s is denied", (_name, head, body) => {
    expect(wimse(head, body)).toBe("ERR_POLICY_WIMSE");
  });
});
