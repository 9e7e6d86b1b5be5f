import { encode, type Infer, struct, union } from "../encoding/index.ts";
import { hash32, id16, oracleId, spiffeId, urlText } from "../ids.ts";
import type { StatementPayload } from "./statement.ts";

const ofInstance = struct({ instance: hash32 });

/** The first byte of a subject's key. */
export const SUBJECT_TAGS = { workload: 1, resource: 2 } as const;

/** What a statement is about. Statements of one subject compete; one wins, the same at every oracle. */
export const subject = union({
  workload: [SUBJECT_TAGS.workload, struct({ spiffeId })],
  resource: [SUBJECT_TAGS.resource, struct({ url: urlText })],
  endpoint: [3, struct({ oracle: oracleId })],
  quarantine: [4, ofInstance],
  release: [5, ofInstance],
  revocation: [6, ofInstance],
  ticketRevocation: [7, struct({ ticketId: id16 })],
  issuerRotation: [8, struct({})],
  receiver: [9, struct({ url: urlText })],
});
export type Subject = Infer<typeof subject>;

/** The subject of a payload. */
export function subjectOf(payload: StatementPayload): Subject {
  switch (payload.kind) {
    case "workload":
      return { kind: "workload", spiffeId: payload.spiffeId };
    case "resource":
      return { kind: "resource", url: payload.url };
    case "endpoint":
      return { kind: "endpoint", oracle: payload.oracle };
    case "ticketRevocation":
      return { kind: "ticketRevocation", ticketId: payload.ticketId };
    case "receiver":
      return { kind: "receiver", url: payload.url };
    case "issuerRotation":
      return { kind: "issuerRotation" };
    case "instance": {
      const kinds = { quarantine: "quarantine", release: "release", revoke: "revocation" } as const;
      return { kind: kinds[payload.action], instance: payload.instance };
    }
  }
}

/** The key under which a subject's winning statement is kept. */
export function subjectKey(value: Subject): Uint8Array {
  return encode(subject, value);
}
