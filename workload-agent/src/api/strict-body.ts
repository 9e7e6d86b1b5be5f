import { IpseError } from "@ipse/protocol";
import { parseStrictJsonBytes } from "@ipse/protocol/encoding";
import type { FastifyInstance } from "fastify";
import { BODY_BYTES_MAX } from "./schemas.ts";

/** As deep as what the oracles sign may be. */
const DEPTH_MAX = 66;

/**
 * Bodies as strict JSON: what is signed or authorizes something must not depend on which of two equal keys a parser
 * takes (RFC 8259 section 4). Errors name the position, never the content.
 */
export function parseBodiesStrictly(server: FastifyInstance): void {
  server.removeContentTypeParser("application/json");
  server.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      done(null, parseStrictJsonBytes(bytes, { lengthMax: BODY_BYTES_MAX, depthMax: DEPTH_MAX }));
    } catch (error) {
      const why = error instanceof IpseError ? error.message : "unreadable";
      done(new IpseError("ERR_REQUEST", `the body is not usable JSON: ${why}`));
    }
  });
}
