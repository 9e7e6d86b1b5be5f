export { createOAuthSide, type OAuthSide } from "./oauth-listener.ts";
