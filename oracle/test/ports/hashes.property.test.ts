import { portableHashes } from "@ipse/protocol/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemHashes } from "../../src/ports/hashes.ts";

const bytes = fc.uint8Array({ maxLength: 600 });

test("the platform's hashes are the portable ones, and plain bytes of their own", () => {
  fc.assert(
    fc.property(bytes, fc.array(bytes, { maxLength: 4 }), (key, parts) => {
      const hash = systemHashes.sha256(key);
      expect(hash).toEqual(portableHashes.sha256(key));
      expect(hash.buffer).not.toBe(key.buffer);
      expect(systemHashes.hmacSha512(key, ...parts)).toEqual(portableHashes.hmacSha512(key, ...parts));
    }),
  );
});
