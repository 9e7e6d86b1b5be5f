import fc from "fast-check";
import { expect, it } from "vitest";
import { basic, post, World } from "./fixture.ts";

const junk = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.json(),
  fc
    .tuple(fc.json(), fc.json(), fc.base64String())
    .map((parts) => parts.map((part) => Buffer.from(part).toString("base64url")).join(".")),
);
const names = fc.constantFrom(
  "grant_type",
  "client_assertion",
  "client_assertion_type",
  "client_id",
  "client_secret",
  "scope",
  "resource",
  "token",
);
const likely = fc.constantFrom(
  "client_credentials",
  "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  "orders:read",
);
const form = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(fc.tuple(names, fc.oneof(junk, likely)), { maxLength: 8 }).map((pairs) => {
    const query = new URLSearchParams();
    for (const [name, value] of pairs) query.append(name, value.toWellFormed());
    return query.toString();
  }),
);
const header = fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, "?"));

it("whatever is sent, the answer is an OAuth refusal: never a token, never an internal error", async () => {
  const world = await World.create();
  const app = world.app({ rates: { perAddress: 1e9, perClient: 1e9 } });
  const assertion = await world.assertion({ cnf: { jkt: "A".repeat(43) } });
  const valid = {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
  const body = fc.oneof(form, fc.constant(new URLSearchParams(valid).toString()));
  const path = fc.constantFrom("/oauth2/token", "/oauth2/introspect");
  await fc.assert(
    fc.asyncProperty(path, body, header, header, async (url, payload, dpop, authorization) => {
      const headers = url === "/oauth2/token" ? { dpop } : { authorization };
      const answer = await post(app, url, payload, headers);
      expect([400, 401]).toContain(answer.status);
      expect(answer.body["error"]).toMatch(/^(invalid_|unsupported_grant_type|use_dpop_nonce)/);
    }),
  );
  expect(world.burned.size).toBe(0);
  await app.close();
});

it("no other secret passes for a resource's", async () => {
  const world = await World.create();
  const app = world.app({ rates: { perAddress: 1e9, perClient: 1e9 } });
  await fc.assert(
    fc.asyncProperty(fc.webUrl(), fc.base64String({ minLength: 40, maxLength: 48 }), async (id, secret) => {
      const answer = await post(app, "/oauth2/introspect", { token: "x" }, basic(id, secret));
      expect(answer.status).toBe(401);
    }),
  );
  await app.close();
});
