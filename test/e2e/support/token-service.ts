import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

export interface TokenService {
  readonly url: string;
  /** Subject tokens it took: who they were for, and the key that signed each. */
  readonly taken: { readonly sub: string; readonly kid: string }[];
  close(): Promise<void>;
}

/**
 * A token service as clouds have them (RFC 8693): it trusts one issuer by its discovery document, looks for a key it
 * does not know, and takes tokens for itself under these algorithms alone.
 */
export async function startTokenService(
  issuer: string,
  audience: string,
  algorithms: readonly string[],
): Promise<TokenService> {
  const taken: { sub: string; kid: string }[] = [];
  const answered = await fetch(new URL("/.well-known/openid-configuration", issuer));
  const discovery = (await answered.json()) as { issuer: string; jwks_uri: string };
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri), { cooldownDuration: 0 });
  const exchange = async (form: URLSearchParams): Promise<[number, object]> => {
    const subject = form.get("subject_token") ?? "";
    try {
      if (form.get("grant_type") !== TOKEN_EXCHANGE) throw new Error("another grant");
      const options = { issuer: discovery.issuer, audience, algorithms: [...algorithms] };
      const { payload } = await jwtVerify(subject, keys, options);
      taken.push({ sub: String(payload.sub), kid: String(decodeProtectedHeader(subject).kid) });
      const access_token = createHash("sha256").update(subject).digest("hex");
      return [200, { access_token, issued_token_type: ACCESS_TOKEN, token_type: "Bearer", expires_in: 3600 }];
    } catch {
      return [400, { error: "invalid_grant", error_description: "the subject token is refused" }];
    }
  };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      void exchange(new URLSearchParams(body)).then(([status, json]) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json)),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/token`;
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return { url, taken, close };
}
