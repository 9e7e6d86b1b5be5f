import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { INSTANCE } from "../../../protocol/test/issuer/token-world.ts";
import { AgreedIntrospection } from "../../src/relying-party/index.ts";
import { API, call, Harness, SECRET, until } from "./harness.ts";

const introspection = { credential: SECRET };

/** An oracle of a mind of its own: it says the same of every token. */
const liar = (harness: Harness, active: boolean) =>
  harness.listen((app) => {
    app.addContentTypeParser("application/x-www-form-urlencoded", (_request, _body, done) => done(null));
    app.post("/oauth2/introspect", () => ({ active }));
  });

describe("a protected API that asks the oracles about each token", () => {
  let harness: Harness;
  let headers: { authorization: string };
  let stubborn: string;
  let hostile: string;

  beforeEach(async () => {
    harness = await Harness.create("agreed introspection");
    headers = { authorization: `Bearer ${harness.token()}` };
    stubborn = await liar(harness, true);
    hostile = await liar(harness, false);
  });
  afterEach(() => harness.close());

  const api = (oracles: readonly (string | undefined)[]) =>
    harness.api({ bearer: true, introspection, oracles: oracles.map(String) });
  const [o1, o2, o3, o4] = [0, 1, 2, 3].map((i) => () => harness.urls[i]);

  test("lets in what is active, also when one oracle lies that it is not, or none but b+1 can be reached", async () => {
    const away = "http://127.0.0.1:9";
    for (const oracles of [harness.urls, [hostile, o1?.(), o2?.(), o3?.()], [o1?.(), o2?.(), away]])
      expect((await call(`${await api(oracles)}/orders`, headers)).status).toBe(200);
  });

  test("refuses when one oracle alone answers, whatever it says", async () => {
    const away = "http://127.0.0.1:9";
    const answer = await call(`${await api([o1?.(), away, "http://127.0.0.1:10"])}/orders`, headers);
    expect([answer.status, answer.error]).toEqual([401, "invalid_token"]);
    expect(answer.challenge).toContain("status is unknown");
  });

  test("an oracle that keeps calling a revoked token active saves nobody", async () => {
    const honest = await api(harness.urls);
    const fooled = await api([stubborn, o2?.(), o3?.(), o4?.()]);
    const cached = await harness.api({
      bearer: true,
      introspection: { ...introspection, maxAgeMs: 60_000 },
    });
    expect((await call(`${cached}/orders`, headers)).status).toBe(200);
    harness.world.state(
      { kind: "instance", instance: INSTANCE, action: "revoke", release: 0, reason: "fork" },
      [1],
    );
    await until(async () => (await call(`${honest}/orders`, headers)).status === 401);
    await until(async () => (await call(`${fooled}/orders`, headers)).status === 401);
    expect((await call(`${fooled}/orders`, headers)).challenge).toContain("not active");
    // What it was asked to believe for a minute it believes for a minute.
    expect((await call(`${cached}/orders`, headers)).status).toBe(200);
  });

  test("is not set up without the roster, or with too few oracles to agree", () => {
    const { roster } = harness.world.cluster.cast;
    const made = (more: object) => () =>
      new AgreedIntrospection({ oracles: harness.urls, roster, resource: API, credential: SECRET, ...more });
    expect(made({})).not.toThrow();
    expect(made({ roster: undefined })).toThrow(/roster/);
    expect(made({ oracles: [o1?.(), o1?.()] })).toThrow(/URLs of 2 oracles/);
  });
});
