import fc from "fast-check";
import { expect, it } from "vitest";
import { concatBytes, utf8 } from "../../src/bytes.ts";
import { judgeMessage } from "../../src/policy/index.ts";
import { MESSAGE_TYPES, type MessageType } from "../../src/session/body.ts";
import { claims, header, issuer, kid, NOW, signingInput, workload } from "../oauth/fixture.ts";

const judge = (type: MessageType, payload: Uint8Array) =>
  judgeMessage({
    message: { type, payload },
    workload: { ...workload, allowRaw: true },
    kid,
    issuer,
    nowMs: NOW,
  });

const pae = utf8("DSSEv1 28 application/vnd.in-toto+json 2 {}");
const base = utf8('"@method": GET\n"@signature-params": ("@method");created=1');
const payload = fc
  .tuple(
    fc.constantFrom(signingInput(header, claims), pae, base, utf8("ipse/v1/vote"), new Uint8Array()),
    fc.nat(),
    fc.uint8Array({ maxLength: 4 }),
  )
  .map(([valid, at, insert]) => {
    const position = at % (valid.length + 1);
    return concatBytes(valid.slice(0, position), insert, valid.slice(position));
  });

it("never throws, and no payload is allowed as two types", () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(payload, (bytes) => {
      const allowed = MESSAGE_TYPES.filter((type) => judge(type, bytes) === undefined);
      expect(allowed.length).toBeLessThanOrEqual(1);
    }),
  );
});
