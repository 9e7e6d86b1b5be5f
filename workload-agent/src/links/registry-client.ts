import { request } from "node:http";
import {
  check,
  equalBytes,
  fromBase64Url,
  IpseError,
  ROSTER_FILE_CHARS_MAX,
  toBase64Url,
} from "@ipse/protocol";
import { decode, type Hash } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import {
  checkRoster,
  type Roster,
  rosterFromJson,
  rosterHash,
  type SignedRoster,
  type SignedStatement,
  signedStatement,
  verifyStatement,
} from "@ipse/protocol/registry";
import { z } from "zod";
import { connectPinned, type SessionEndpoint } from "./pinned-socket.ts";

const TIMEOUT_MS = 8000;
const STATEMENTS_CHARS_MAX = 256 * 1024;
const ENDPOINTS_MAX = 64;

const endpointsAnswer = z.looseObject({ endpoints: z.array(z.string().max(16_384)).max(ENDPOINTS_MAX) });

/** One GET on a session listener, over a connection whose pin held. Throws ERR_LINK_*. */
async function get(endpoint: SessionEndpoint, path: string, charsMax: number): Promise<string> {
  const socket = await connectPinned(endpoint, TIMEOUT_MS);
  const { host } = new URL(endpoint.sessionUrl);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new IpseError("ERR_LINK_REGISTRY", `${endpoint.sessionUrl}: ${why}`));
    };
    const timer = setTimeout(() => fail("no answer in time"), TIMEOUT_MS);
    const asked = request(
      {
        createConnection: () => socket,
        path,
        headers: { host, accept: "application/json", connection: "close" },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > charsMax) fail("the answer is too long");
        });
        response.on("error", (error) => fail(error.message));
        response.on("end", () => {
          if (response.statusCode !== 200) return fail(`answered ${response.statusCode}`);
          clearTimeout(timer);
          socket.destroy();
          return resolve(text);
        });
      },
    );
    asked.on("error", (error) => fail(error.message));
    asked.end();
  });
}

/** The roster with exactly this hash. The hash is pinned, so whoever serves it need not be believed. */
export async function fetchRoster(endpoint: SessionEndpoint, hash: Hash): Promise<SignedRoster> {
  const text = await get(endpoint, `/v1/registry/rosters/${toBase64Url(hash)}`, ROSTER_FILE_CHARS_MAX);
  const signed = rosterFromJson(text);
  checkRoster(signed.roster);
  const pinned = equalBytes(rosterHash(signed.roster), hash);
  check(pinned, "ERR_JOIN_ROSTER", "an oracle served another roster than the join URI pins");
  return signed;
}

/** The endpoint statements an oracle holds, those alone that operators of the roster signed. */
export async function fetchEndpointStatements(
  endpoint: SessionEndpoint,
  group: Group,
  roster: Roster,
): Promise<SignedStatement[]> {
  const text = await get(endpoint, "/v1/registry/endpoints", STATEMENTS_CHARS_MAX);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const answer = endpointsAnswer.safeParse(json);
  check(answer.success, "ERR_LINK_REGISTRY", `${endpoint.sessionUrl}: not a list of endpoint statements`);
  return answer.data.endpoints.flatMap((one) => {
    const signed = decodeStatement(fromBase64Url(one));
    const verified = signed === undefined ? undefined : readEndpointStatement(signed, group, roster);
    return verified === undefined ? [] : [verified];
  });
}

function decodeStatement(bytes: Uint8Array | undefined): SignedStatement | undefined {
  try {
    return bytes === undefined ? undefined : decode(signedStatement, bytes);
  } catch {
    return undefined;
  }
}

/** The statement when it is a verified endpoint statement; undefined for anything else (another roster's, a forged one). */
export function readEndpointStatement(
  signed: SignedStatement,
  group: Group,
  roster: Roster,
): SignedStatement | undefined {
  if (signed.statement.payload.kind !== "endpoint") return undefined;
  try {
    verifyStatement(group, roster, signed);
    return signed;
  } catch {
    return undefined;
  }
}
