import { createHash, randomBytes } from "node:crypto";
import { check, errorCode, fromBase64Url, IpseError, toBase64Url, utf8 } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import {
  type Endpoint,
  type ReadQuery,
  type ReadRequest,
  readRequestInput,
  rosterHash,
  signedReadRequest,
  verifyReadAnswer,
} from "@ipse/protocol/registry";
import { ask } from "../links/index.ts";
import { type Cluster, reachable } from "./cluster.ts";
import type { Refusal } from "./submit.ts";

/** One oracle's answer, signed by its vote key. */
export interface Answer<T> {
  readonly oracle: number;
  readonly value: T;
}

export interface Answers<T> {
  readonly answers: readonly Answer<T>[];
  readonly failed: readonly Refusal[];
}

function header(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}

/** Asks one oracle a signed question; the answer's signature is checked before it is read. */
export async function readFrom(
  cluster: Cluster,
  endpoint: Endpoint,
  query: ReadQuery,
): Promise<Record<string, unknown>> {
  const { group, roster, operators } = cluster;
  const request: ReadRequest = {
    version: 1,
    rosterHash: rosterHash(roster),
    oracle: endpoint.oracle,
    nonce: new Uint8Array(randomBytes(32)),
    timeMs: Date.now(),
    query,
  };
  const [{ seed, publicKey }] = operators;
  const signature = group.ed25519.sign(seed, readRequestInput(request));
  const json = {
    request: toBase64Url(encode(signedReadRequest, { request, operator: publicKey, signature })),
  };
  const { status, headers, body } = await ask(endpoint, "POST", "/v1/registry/read", json);
  if (status !== 200) {
    const { code, detail } = JSON.parse(body) as { code?: string; detail?: string };
    throw new IpseError(code ?? "ERR_HTTP", detail ?? `the oracle answered ${status}`);
  }
  verifyReadAnswer(group, roster, request, {
    timeMs: Number(header(headers, "ipse-time")),
    bodyHash: new Uint8Array(createHash("sha256").update(utf8(body)).digest()),
    signature: fromBase64Url(header(headers, "ipse-signature")) ?? new Uint8Array(),
  });
  return JSON.parse(body) as Record<string, unknown>;
}

/** Asks every oracle at once; each answers for itself. Throws ERR_QUORUM_UNREACHABLE when nobody answers. */
export async function readAll<T>(
  cluster: Cluster,
  one: (endpoint: Endpoint) => Promise<T>,
): Promise<Answers<T>> {
  const answers: Answer<T>[] = [];
  const failed: Refusal[] = [];
  await Promise.all(
    reachable(cluster).map(async (endpoint) => {
      const { oracle } = endpoint;
      try {
        answers.push({ oracle, value: await one(endpoint) });
      } catch (error) {
        const message = error instanceof Error ? error.message : "failed";
        failed.push({ oracle, code: errorCode(error), message });
      }
    }),
  );
  answers.sort((a, b) => a.oracle - b.oracle);
  failed.sort((a, b) => a.oracle - b.oracle);
  const [why] = failed;
  check(
    answers.length > 0,
    "ERR_QUORUM_UNREACHABLE",
    `no oracle answered; ${why?.message ?? "none was asked"}`,
  );
  return { answers, failed };
}

/** All pages of a list at one oracle. `cursor` makes the next query from the last item. */
export async function readPages<T>(
  cluster: Cluster,
  endpoint: Endpoint,
  member: string,
  query: (after: T | undefined) => ReadQuery,
  pageSize: number,
): Promise<T[]> {
  const out: T[] = [];
  for (let last: T | undefined; out.length < ITEMS_MAX; ) {
    const page = (await readFrom(cluster, endpoint, query(last)))[member];
    check(Array.isArray(page), "ERR_READ_ANSWER", `oracle ${endpoint.oracle} answered without ${member}`);
    out.push(...(page as T[]));
    last = out.at(-1);
    if (page.length < pageSize || last === undefined) break;
  }
  return out;
}

const ITEMS_MAX = 100_000;
