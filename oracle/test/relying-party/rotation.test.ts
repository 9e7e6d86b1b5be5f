import { afterEach, expect, test } from "vitest";
import { call, Harness, until } from "./harness.ts";

const TIMES = { prepareMs: 30_000, overlapMs: 120_000, maxAgeMs: 3_600_000_000 };

let harness: Harness;
afterEach(() => harness.close());

const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: string }).kid;
const published = (id: number): (string | undefined)[] =>
  harness.world.cluster
    .node(id)
    ?.tokens?.jwks()
    .map(({ kid }) => kid) ?? [];

test("an API follows a rotation by signed key sets: tokens of the old key go on until they end", async () => {
  harness = await Harness.create("rotation at an api", TIMES);
  const api = await harness.api({ bearer: true });
  const status = async (token: string) =>
    (await call(`${api}/orders`, { authorization: `Bearer ${token}` })).status;
  const old = harness.token();
  expect(await status(old)).toBe(200);
  harness.world.state({ kind: "issuerRotation", immediate: false, reason: "drill" }, [2]);
  await until(() => published(1).length === 2);
  expect(kidOf(harness.token())).toBe(kidOf(old));
  harness.world.cluster.world.settle(TIMES.prepareMs);
  const fresh = harness.token();
  expect(kidOf(fresh)).not.toBe(kidOf(old));
  expect([await status(fresh), await status(old)]).toEqual([200, 200]);
  // The old key leaves every key set once every token under it has expired.
  harness.world.cluster.world.settle(TIMES.overlapMs);
  await until(() => [1, 2, 3, 4].every((id) => published(id).length === 1));
  expect(published(1)).toEqual([kidOf(fresh)]);
});

test("a key the operators do not trust any more opens nothing, at once", async () => {
  harness = await Harness.create("emergency at an api", TIMES);
  const old = harness.token();
  harness.world.state({ kind: "issuerRotation", immediate: true, reason: "theft" }, [2]);
  await until(() =>
    [1, 2, 3, 4].every((id) => published(id).length === 1 && !published(id).includes(kidOf(old))),
  );
  const api = await harness.api({ bearer: true });
  const ask = (token: string) => call(`${api}/orders`, { authorization: `Bearer ${token}` });
  expect((await ask(harness.token())).status).toBe(200);
  expect((await ask(old)).error).toBe("invalid_token");
});

test("a token that was let through under a stolen key opens nothing once the key is withdrawn", async () => {
  harness = await Harness.create("withdrawn after use", TIMES);
  const api = await harness.api({ bearer: true });
  const ask = (token: string) => call(`${api}/orders`, { authorization: `Bearer ${token}` });
  const old = harness.token();
  expect((await ask(old)).status).toBe(200);
  harness.world.state({ kind: "issuerRotation", immediate: true, reason: "theft" }, [2]);
  await until(() =>
    [1, 2, 3, 4].every((id) => published(id).length === 1 && !published(id).includes(kidOf(old))),
  );
  // Looking for a key it lacks, the API reads the key set again.
  harness.world.cluster.world.settle(10_000);
  expect((await ask(harness.token())).status).toBe(200);
  expect((await ask(old)).error).toBe("invalid_token");
});
