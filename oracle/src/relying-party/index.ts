export { AgreedIntrospection, type IntrospectionOptions } from "./agreed-introspection.ts";
export { type DenyList, fileDenyList, memoryDenyList } from "./deny-list.ts";
export { KeySource } from "./key-source.ts";
export { type RelyingPartyOptions, relyingParty, requireScope } from "./plugin.ts";
export { type Asked, ResourceVerifier } from "./verifier.ts";
