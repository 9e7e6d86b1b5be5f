import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { check, fromBase64Url, IpseError, isSpiffeId } from "@ipse/protocol";
import { ed25519Jwk, jwkThumbprint, type PublicJwk } from "@ipse/protocol/oauth";
import type { Cluster } from "./cluster.ts";
import { findIssuerKeys } from "./issuer-keys.ts";
import { findInstances, findWorkloads } from "./lists.ts";

/** What one round wrote. */
export interface Published {
  readonly workloads: number;
  readonly keys: number;
  /** Keys on which the oracles do not agree (yet); they are left out. */
  readonly disputed: number;
  /** Whether the issuer's own key set was written too. */
  readonly issuer: boolean;
}

const WORKLOADS = "workloads";
const FILE = "jwks.json";

/** Makes a directory that a web server may read, and those above it that are missing; others stay as they are. */
function makePublicDir(dir: string): void {
  const first = mkdirSync(dir, { recursive: true });
  if (first === undefined) return;
  const made = relative(first, dir)
    .split(sep)
    .filter((name) => name !== "");
  for (let i = 0; i <= made.length; i++) chmodSync(join(first, ...made.slice(0, i)), 0o755);
}

/** Replaced as a whole or not at all; public, whatever the umask. */
function writePublic(file: string, value: object): void {
  makePublicDir(resolve(dirname(file)));
  const fresh = `${file}.new`;
  const descriptor = openSync(fresh, "w", 0o644);
  try {
    fchmodSync(descriptor, 0o644);
    writeSync(descriptor, `${JSON.stringify(value)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, file);
}

function publicJwkOf(identityKey: string): PublicJwk {
  const bytes = fromBase64Url(identityKey);
  check(bytes?.length === 32, "ERR_READ_ANSWER", "an instance without an identity key");
  const jwk = ed25519Jwk(bytes);
  // No `alg`: verifiers compare it by text, and both EdDSA and Ed25519 name this key.
  return { ...jwk, kid: jwkThumbprint(jwk), use: "sig" };
}

/** Files of workloads written before, as SPIFFE IDs: one that is gone must not keep its keys. */
function publishedBefore(out: string): string[] {
  const root = join(out, WORKLOADS);
  try {
    return readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(`/${FILE}`))
      .map((path) => `spiffe://${relative(root, join(root, dirname(path)))}`)
      .filter(isSpiffeId);
  } catch {
    return [];
  }
}

async function publishIssuer(cluster: Cluster, out: string, need: number): Promise<boolean> {
  try {
    const { merged } = await findIssuerKeys(cluster, need);
    check(merged.agreed.length > 0, "ERR_JWKS_DISPUTED", "no issuer key is published by enough oracles");
    writePublic(join(out, "oauth2", FILE), { keys: merged.agreed.map(({ value }) => value.jwk) });
    return true;
  } catch (error) {
    if (error instanceof IpseError) return false;
    throw error;
  }
}

/**
 * Writes the key sets on which b+1 oracles agree: `workloads/{trust domain}/{path}/jwks.json` with the keys of
 * active instances, and `oauth2/jwks.json` with the issuer keys. Nothing is written when fewer answer: what one
 * oracle says is nobody's key. Throws ERR_QUORUM_UNREACHABLE.
 */
export async function publishJwks(cluster: Cluster, out: string): Promise<Published> {
  const need = cluster.roster.byzantineMax + 1;
  const [workloads, instances] = await Promise.all([
    findWorkloads(cluster, need),
    findInstances(cluster, need),
  ]);
  const answered = cluster.roster.oracles.length - instances.failed.length;
  const few = `only ${answered} oracles answered, ${need} must agree`;
  const listed = cluster.roster.oracles.length - workloads.failed.length;
  check(Math.min(answered, listed) >= need, "ERR_QUORUM_UNREACHABLE", few);
  const sets = new Map<string, PublicJwk[]>(
    workloads.merged.agreed.map(({ value }) => [value.spiffe_id, []]),
  );
  let keys = 0;
  for (const { value } of instances.merged.agreed) {
    const set = sets.get(value.spiffe_id);
    if (value.status !== "active" || set === undefined) continue;
    set.push(publicJwkOf(value.identity_key));
    keys += 1;
  }
  const gone = publishedBefore(out).filter((spiffeId) => !sets.has(spiffeId));
  for (const [spiffeId, set] of [...sets, ...gone.map((one): [string, PublicJwk[]] => [one, []])])
    writePublic(join(out, WORKLOADS, spiffeId.slice("spiffe://".length), FILE), { keys: set });
  const disputed = instances.merged.disputed.length + workloads.merged.disputed.length;
  return { workloads: sets.size, keys, disputed, issuer: await publishIssuer(cluster, out, need) };
}
