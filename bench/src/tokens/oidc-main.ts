import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
// @ts-expect-error it brings no types
import Provider from "oidc-provider";
import { API, SCOPE, TOKEN_SECONDS } from "./presign.ts";

// The peer in a process of its own: oidc-provider as it comes, configured like our endpoint. Its client arrives as
// one line of JSON; its issuer leaves as one line. It ends with the pipe.

function serverKey(): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { ...privateKey.export({ format: "jwk" }), kid: "bench", alg: "EdDSA", use: "sig" };
}

/** Everything is in memory, the replay memory for assertions and proofs included: its default adapter. */
function configuration(client: { client_id: string; keys: readonly object[] }) {
  return {
    jwks: { keys: [serverKey()] },
    clients: [
      {
        client_id: client.client_id,
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "EdDSA",
        id_token_signed_response_alg: "EdDSA",
        jwks: { keys: client.keys },
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: SCOPE,
          audience: API,
          accessTokenTTL: TOKEN_SECONDS,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "EdDSA" } },
        }),
      },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: ["EdDSA"],
      idTokenSigningAlgValues: ["EdDSA"],
      dPoPSigningAlgValues: ["ES256"],
    },
  };
}

async function serve(line: string): Promise<void> {
  let handler: RequestListener = () => undefined;
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handler = new Provider(issuer, configuration(JSON.parse(line))).callback();
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
}

let received = "";
let begun = false;
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => {
  received += text;
  if (begun || !received.includes("\n")) return;
  begun = true;
  serve(received).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.stdin.on("end", () => process.exit(0));
