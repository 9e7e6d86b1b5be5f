import { errorCode, IpseError, toBase64Url } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import { type SignedStatement, type StatementPayload, signedStatement } from "@ipse/protocol/registry";
import { ask } from "../links/index.ts";
import { type Cluster, reachable } from "./cluster.ts";
import { signStatement } from "./sign.ts";

export interface Refusal {
  readonly oracle: number;
  readonly code: string;
  readonly message: string;
}

export interface Submitted {
  readonly acceptedBy: readonly number[];
  readonly refusedBy: readonly Refusal[];
}

function problemOf(body: string): { code: string; message: string } {
  try {
    const { code, detail } = JSON.parse(body) as { code?: unknown; detail?: unknown };
    return {
      code: typeof code === "string" ? code : "ERR_HTTP",
      message: typeof detail === "string" ? detail : "refused",
    };
  } catch {
    return { code: "ERR_HTTP", message: "the answer is not JSON" };
  }
}

/** Gives a statement to every oracle; one that keeps it is enough, gossip does the rest. Throws what the first said when none did. */
export async function submit(cluster: Cluster, statement: SignedStatement): Promise<Submitted> {
  const json = { statement: toBase64Url(encode(signedStatement, statement)) };
  const acceptedBy: number[] = [];
  const refusedBy: Refusal[] = [];
  await Promise.all(
    reachable(cluster).map(async (endpoint) => {
      const { oracle } = endpoint;
      try {
        const { status, body } = await ask(endpoint, "POST", "/v1/registry/statements", json);
        if (status === 200) acceptedBy.push(oracle);
        else refusedBy.push({ oracle, ...problemOf(body) });
      } catch (error) {
        const message = error instanceof Error ? error.message : "failed";
        refusedBy.push({ oracle, code: errorCode(error), message });
      }
    }),
  );
  acceptedBy.sort((a, b) => a - b);
  refusedBy.sort((a, b) => a.oracle - b.oracle);
  if (acceptedBy.length > 0) return { acceptedBy, refusedBy };
  const telling = refusedBy.find(({ code }) => code !== "ERR_ENDPOINT_UNREACHABLE") ?? refusedBy[0];
  throw new IpseError(
    telling?.code ?? "ERR_ENDPOINT_NONE",
    `no oracle accepted it; ${telling?.message ?? "none was asked"}`,
  );
}

/** Signs a payload with the operators' keys and submits it. */
export function state(cluster: Cluster, payload: StatementPayload): Promise<Submitted> {
  const { group, roster, operators } = cluster;
  return submit(cluster, signStatement(group, roster, operators, payload, Date.now()));
}
