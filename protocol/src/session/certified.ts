import { type Infer, kept, optional, struct } from "../encoding/index.ts";
import { signedHeader } from "./header.ts";
import { certificate } from "./vote.ts";

/** A header and the certificate that makes it the one header of its seq. */
export const certifiedHeader = kept(struct({ signed: signedHeader, qc: certificate }));
export type CertifiedHeader = Infer<typeof certifiedHeader>;

/** A header that is not (known to be) certified, with the certified parent that proves its chain key. */
export const provenHeader = struct({ signed: signedHeader, parent: certifiedHeader });
export type ProvenHeader = Infer<typeof provenHeader>;

/** A header ahead of somebody's head: certified, or directly above a certified parent. */
export const aheadHeader = struct({ signed: signedHeader, qc: optional(certificate) });
export type AheadHeader = Infer<typeof aheadHeader>;
