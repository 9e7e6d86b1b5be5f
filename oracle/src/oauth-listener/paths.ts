/** Where Ipse verifiers find the issuer keys with the certificates of all oracles; the roster is their anchor. */
export const ISSUER_KEYS_PATH = "/v1/registry/issuer-keys";
