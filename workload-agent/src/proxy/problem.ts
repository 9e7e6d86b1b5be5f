import { type ServerResponse, STATUS_CODES } from "node:http";
import { errorCode, IpseError } from "@ipse/protocol";
import { type Outcome, outcomeOf, sentenceOf } from "../outcome.ts";

/** Why there is no credential for the request. */
export type CredentialReason =
  | "revoked"
  | "quarantined"
  | "unreachable"
  | "policy"
  | "busy"
  | "issuer"
  | "agent"
  | "nonce";

/** What the proxy says itself instead of the target (RFC 9457); `proxyError` is RFC 9209's word for it. */
export class ProxyProblem extends IpseError {
  readonly status: number;
  readonly proxyError: string;
  readonly reason: CredentialReason | undefined;

  constructor(status: number, code: string, detail: string, proxyError: string, reason?: CredentialReason) {
    super(code, detail);
    this.name = "ProxyProblem";
    this.status = status;
    this.proxyError = proxyError;
    this.reason = reason;
  }
}

const REASONS: Readonly<Record<Outcome, CredentialReason>> = {
  revoked: "revoked",
  quarantined: "quarantined",
  unreachable: "unreachable",
  policy: "policy",
  busy: "busy",
  failed: "agent",
  upstream: "issuer",
  usage: "agent",
};

/** The same request may succeed soon. */
const PASSING: readonly CredentialReason[] = ["unreachable", "busy", "issuer", "agent", "nonce"];

/** No credential, so no request: 503 with the agent's own code, and why in one word. */
export function noCredential(error: unknown): ProxyProblem {
  const code = errorCode(error);
  const detail = error instanceof IpseError ? error.message : sentenceOf(code);
  return new ProxyProblem(503, code, detail, "destination_unavailable", REASONS[outcomeOf(code)]);
}

/** A request the proxy does not forward. */
export function refused(status: number, code: string, detail: string): ProxyProblem {
  return new ProxyProblem(status, code, detail, "http_request_denied");
}

/** Problem details with the headers that belong to them; the connection ends, because a body may be unread. */
export function sendProblem(response: ServerResponse, problem: ProxyProblem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message, reason, proxyError } = problem;
  const title = STATUS_CODES[status] ?? "Error";
  const body = { type: `urn:ipse:error:${code}`, title, status, detail: message, code, reason };
  const again = reason !== undefined && PASSING.includes(reason) ? { "retry-after": "1" } : {};
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "proxy-status": `ipse-agent; error=${proxyError}`,
    connection: "close",
    ...again,
  });
  response.end(JSON.stringify(body));
}
