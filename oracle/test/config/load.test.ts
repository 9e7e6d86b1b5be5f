// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to the environment so
import { describe, expect, it } from "vitest";
import { parseAddress, parseConfig } from "../../src/config/index.ts";

const minimal = `version: 1
oracle: 2
session:
  listen: 127.0.0.1:7400
local:
  listen: "[::1]:7402"
`;
const parse = (text: string, env: NodeJS.ProcessEnv = {}) => parseConfig(text, "oracle.yaml", env);

describe("the configuration", () => {
  it("needs little and fills in the rest", () => {
    const config = parse(minimal);
    expect(config).toMatchObject({
      oracle: 2,
      store_dir: "store",
      vote_key_file: "vote.jwk",
      rosters: ["roster.json"],
      session: { listen: { host: "127.0.0.1", port: 7400 } },
      local: { listen: { host: "::1", port: 7402 } },
      log: { level: "info" },
      pool_keys: 16,
    });
    expect(config.limits.inflight_per_connection).toBe(64);
  });

  it.each([
    [
      "an unknown key",
      minimal.replace("local:", "locl:\n  listen: x\nlocal:"),
      "oracle.yaml:5: unknown key locl",
    ],
    ["an unknown key inside", `${minimal}log:\n  levl: info\n`, "oracle.yaml:8: unknown key log.levl"],
    ["a wrong value", `${minimal}log:\n  level: loud\n`, "oracle.yaml:8: log.level: "],
    ["a missing key", minimal.replace("oracle: 2\n", ""), "oracle.yaml: oracle: "],
    ["a key twice", `${minimal}oracle: 3\n`, "oracle.yaml:7: Map keys must be unique"],
    ["broken YAML", "version: [1", "oracle.yaml:1: "],
    ["another version", minimal.replace("version: 1", "version: 2"), "oracle.yaml:1: version: "],
    [
      "an address without a port",
      minimal.replace(":7400", ""),
      "oracle.yaml:4: session.listen: expected host:port",
    ],
    ["a YAML alias bomb", `a: &a [1]\nb: *a\n${minimal}`, "oracle.yaml: YAML aliases"],
    ["nothing", "", "oracle.yaml: "],
    ["a list", "- 1\n", "oracle.yaml: "],
  ])("refuses %s, naming file, line and key", (_what, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it.each([
    [
      "session",
      minimal.replace("127.0.0.1:7400", "0.0.0.0:7400"),
      "session.listen: 0.0.0.0:7400 is not loopback",
    ],
    ["oauth", `${minimal}oauth:\n  listen: example.org:80\n`, "oauth.listen: example.org:80 is not loopback"],
    [
      "local",
      minimal.replace('"[::1]:7402"', "10.0.0.1:7402"),
      "local.listen: 10.0.0.1:7402 is not loopback",
    ],
  ])("refuses plaintext outside of loopback: %s", (_what, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it("wants an OAuth listener of its own beside a session listener with TLS", () => {
    const tls = "  listen: 0.0.0.0:7400\n  tls: { cert_file: a, key_file: b }";
    expect(() => parse(minimal.replace("  listen: 127.0.0.1:7400", tls))).toThrow("oauth: required");
  });

  it("takes values from the environment, as text or number, never as structure", () => {
    const env = { PORT: "7500", N: "3", EVIL: "a: {b: c}" };
    const text = minimal.replace("7400", "${PORT}").replace("oracle: 2", "oracle: ${N}");
    expect(parse(text, env)).toMatchObject({ oracle: 3, session: { listen: { port: 7500 } } });
    expect(parse(`${minimal}store_dir: \${EVIL}/x\n`, env).store_dir).toBe("a: {b: c}/x");
    expect(() => parse(minimal.replace("7400", "${NOPE}"), env)).toThrow(
      "oracle.yaml:4: the environment variable NOPE is not set",
    );
  });

  it("reads addresses", () => {
    expect(parseAddress("localhost:1")).toEqual({ host: "localhost", port: 1 });
    expect(["1", ":1", "a:", "a:70000", "::1:5", "a b:1", "[::1]"].map(parseAddress)).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
  });
});
