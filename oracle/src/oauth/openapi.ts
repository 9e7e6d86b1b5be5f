import { OAUTH_ERRORS } from "@ipse/protocol/oauth";

const object = (properties: object, required: readonly string[] = []) => ({
  type: "object",
  properties,
  required,
});
const text = { type: "string" };
const json = (schema: object) => ({ "application/json": { schema } });
const form = (schema: object) => ({
  required: true,
  content: { "application/x-www-form-urlencoded": { schema } },
});
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const ok = (description: string, schema: object) => ({ 200: { description, content: json(schema) } });
const refused = (status: number, description: string) => ({
  [status]: { description, content: json(ref("OAuthError")) },
});
const get = (summary: string, schema: object) => ({ get: { summary, responses: ok(summary, schema) } });

const tokenRequest = object(
  {
    grant_type: { const: "client_credentials" },
    client_assertion_type: { const: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
    client_assertion: text,
    client_id: text,
    scope: text,
    resource: { type: "string", format: "uri" },
  },
  ["grant_type", "client_assertion_type", "client_assertion"],
);

const token = {
  post: {
    summary: "Access token for a workload (RFC 6749 section 4.4, RFC 7523, RFC 9449)",
    parameters: [{ name: "DPoP", in: "header", required: false, schema: text }],
    requestBody: form(tokenRequest),
    responses: {
      ...ok("The token", ref("TokenResponse")),
      ...refused(400, "Refused; with DPoP-Nonce for use_dpop_nonce"),
      ...refused(401, "The client assertion is refused"),
      ...refused(429, "Too many requests"),
    },
  },
};

const introspection = {
  post: {
    summary: "Token introspection for resources (RFC 7662)",
    security: [{ resource: [] }],
    requestBody: form(object({ token: text, token_type_hint: text }, ["token"])),
    responses: {
      ...ok("What the token means now", ref("Introspection")),
      ...refused(401, "The resource's credential is refused"),
    },
  },
};

const revocation = {
  post: {
    summary: "Token revocation by the client it was issued to (RFC 7009)",
    requestBody: form(
      object(
        {
          token: text,
          token_type_hint: text,
          client_assertion_type: { const: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
          client_assertion: text,
        },
        ["token", "client_assertion_type", "client_assertion"],
      ),
    ),
    responses: {
      ...ok("It is over, or never was", object({})),
      ...refused(400, "The token is another client's"),
      ...refused(401, "The client assertion is refused"),
      ...refused(429, "Too many requests: the token is not ended"),
    },
  },
};

const schemas = {
  OAuthError: object({ error: { enum: Object.keys(OAUTH_ERRORS) }, error_description: text }, ["error"]),
  TokenResponse: object(
    {
      access_token: text,
      token_type: { enum: ["DPoP", "Bearer"] },
      expires_in: { type: "integer" },
      scope: text,
    },
    ["access_token", "token_type", "expires_in"],
  ),
  Introspection: object({ active: { type: "boolean" }, instance: text, cnf: object({ jkt: text }) }, [
    "active",
  ]),
  JwkSet: object({ keys: { type: "array", items: { type: "object" } } }, ["keys"]),
};

/** The OpenAPI 3.1 description of the OAuth listener. */
export function openApiDocument(issuer: string) {
  const workload = {
    ...get("Public keys of a workload's active instances", ref("JwkSet")),
    parameters: ["trust_domain", "path"].map((name) => ({ name, in: "path", required: true, schema: text })),
  };
  return {
    openapi: "3.1.0",
    info: { title: "Ipse oracle: OAuth", version: "1" },
    servers: [{ url: issuer }],
    paths: {
      "/oauth2/token": token,
      "/oauth2/introspect": introspection,
      "/oauth2/revoke": revocation,
      "/oauth2/signed-jwks": {
        get: {
          summary: "The same keys as a JWT signed by a quorum of oracles",
          responses: {
            200: { description: "A JWT", content: { "application/jwk-set+jwt": { schema: text } } },
          },
        },
      },
      "/oauth2/jwks": get("Keys that verify access tokens (RFC 7517)", ref("JwkSet")),
      "/.well-known/oauth-authorization-server": get("Server metadata (RFC 8414)", { type: "object" }),
      "/.well-known/openid-configuration": get("Server metadata (OpenID Connect Discovery 1.0)", {
        type: "object",
      }),
      "/workloads/{trust_domain}/{path}/jwks.json": workload,
    },
    components: { schemas, securitySchemes: { resource: { type: "http", scheme: "basic" } } },
  };
}
