import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { type RelyingPartyOptions, relyingParty } from "@ipse/oracle/relying-party";
import { type FastifyInstance, fastify } from "fastify";

/** A self-signed certificate for localhost that serves nothing but these tests. */
const KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEILV7o7XiWx6ilTlOr4cV59nyInk58d0Pm6PuvqfOFaEN
-----END PRIVATE KEY-----
`;
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBWzCCAQ2gAwIBAgIULMGZuNDRxRuUareiN0A3VZS2drgwBQYDK2VwMBQxEjAQ
BgNVBAMMCWxvY2FsaG9zdDAgFw0yNjExMjIxNzUzMTBaGA8yMTI2MTAyOTE3NTMx
MFowFDESMBAGA1UEAwwJbG9jYWxob3N0MCowBQYDK2VwAyEAj6j9K/p1S36FaxUV
IlSVtAx4tdWW1wAMgAAPXTzLzpSjbzBtMB0GA1UdDgQWBBR+3SSplIlkZn+OucBw
7mcrl38/9TAfBgNVHSMEGDAWgBR+3SSplIlkZn+OucBw7mcrl38/9TAPBgNVHRMB
Af8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAFBgMrZXADQQAy
261ev0kZNWr836Yj5ISBV9YwWarJV51dS8Hf55iiAfbriu7YVkRm1+jjY5YFNfNT
uF7oxWOILVHcqsIrpdYN
-----END CERTIFICATE-----
`;

export interface ProtectedTarget {
  /** How each request came: the scheme of its credential, and whether there was a proof. */
  readonly seen: { readonly scheme: string; readonly proven: boolean }[];
  close(): Promise<void>;
}

function routes(app: FastifyInstance): void {
  app.get("/hello", (request) => ({ hello: request.ipse?.sub }));
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  app.post("/echo", (request, reply) => reply.send(request.body));
  app.get("/trailers", (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/plain" });
    reply.raw.write("streamed");
    reply.raw.addTrailers({ "Checksum-Of-It": "ok" });
    reply.raw.end();
  });
}

/** RFC 6455 section 4.2.2. */
const acceptOf = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** An API over TLS at https://localhost:port/ that takes DPoP-bound tokens, streams what it gets back, and echoes on upgraded connections. */
export async function startProtectedTarget(trust: RelyingPartyOptions): Promise<ProtectedTarget> {
  const app = fastify({ https: { key: KEY, cert: CERTIFICATE }, forceCloseConnections: true });
  const seen: { scheme: string; proven: boolean }[] = [];
  const note = ({ authorization = "", dpop }: IncomingHttpHeaders): void => {
    seen.push({ scheme: authorization.split(" ")[0] ?? "", proven: typeof dpop === "string" });
  };
  app.addHook("onRequest", (request, _reply, done) => {
    note(request.headers);
    done();
  });
  app.server.on("upgrade", (request, socket) => {
    note(request.headers);
    const { "sec-websocket-key": key = "" } = request.headers;
    const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.on("error", () => socket.destroy());
    socket.write([...head, `Sec-WebSocket-Accept: ${acceptOf(key)}`, "", ""].join("\r\n"));
    socket.pipe(socket);
  });
  app.register((scope, _options, done) => {
    scope.register(relyingParty, trust);
    routes(scope);
    done();
  });
  await app.listen({ host: "127.0.0.1", port: Number(new URL(trust.resource).port) });
  return { seen, close: () => app.close() };
}
