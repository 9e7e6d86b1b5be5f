import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { openDatabase } from "@ipse/oracle/store";
import { fromBase64Url, fromHex } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import type { Table } from "@ipse/protocol/host";
import { identityKid, jwkThumbprint, publicJwk } from "@ipse/protocol/oauth";
import { records } from "@ipse/protocol/session/oracle";
import { modelIn } from "../growth/populate.ts";
import { known } from "../signing/material.ts";
import type { Asker } from "./presign.ts";

/** A client that can sign assertions without a cluster, and its DPoP key. */
export interface BenchClient extends Asker {
  readonly identityKey: Uint8Array;
  /** As the header of an assertion names it. */
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** A DPoP key of its own for who asks. */
export function makeDpopKey(): Omit<Asker, "instance"> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const dpopJwk = publicJwk.parse(publicKey.export({ format: "jwk" }));
  return { dpopKey: privateKey, dpopJwk, jkt: jwkThumbprint(dpopJwk) };
}

function makeClient(): BenchClient {
  const identity = generateKeyPairSync("ed25519");
  const jwk = publicJwk.parse(identity.publicKey.export({ format: "jwk" }));
  return {
    ...makeDpopKey(),
    instance: randomBytes(32).toString("hex"),
    identityKey: known(fromBase64Url(jwk.x), "an identity key"),
    kid: jwkThumbprint(jwk),
    privateKey: identity.privateKey,
  };
}

export function makeClients(count: number): readonly BenchClient[] {
  return Array.from({ length: count }, makeClient);
}

/** The public half as outside servers hold it. */
export function clientJwk({ identityKey, kid }: BenchClient): Record<string, string> {
  const x = Buffer.from(identityKey).toString("base64url");
  return { kty: "OKP", crv: "Ed25519", x, kid, use: "sig" };
}

/** What the oracle's store puts before each of its keys (store-level.ts). */
const DATA = Uint8Array.of(1);

/**
 * Makes the clients known to stopped oracles: rows after the model of an instance that really enrolled, but with
 * identity keys of ours. A threshold key signs some dozen assertions a second; the token endpoint cannot tell.
 */
export async function addInstances(
  dirs: readonly string[],
  owner: Uint8Array,
  clients: readonly BenchClient[],
): Promise<void> {
  const { model, enrollment } = await modelIn(known(dirs[0], "a store"), owner);
  const row = <T>(into: Table<T>, key: Uint8Array, value: T) => ({
    type: "put" as const,
    key: Buffer.concat([DATA, into.prefix, key]),
    value: encode(into.codec, value),
  });
  const rows = clients.flatMap(({ instance: name, identityKey }) => {
    const instance = known(fromHex(name), "an instance");
    const constants = { ...model.constants, instance, identityKey };
    return [
      row(records.instances, instance, { ...model, constants, vote: undefined, undecided: [] }),
      row(records.enrollments, instance, enrollment),
      row(records.kidIndex, identityKid(identityKey), { instance }),
    ];
  });
  for (const dir of dirs) {
    const db = await openDatabase(dir);
    try {
      await db.batch(rows, { sync: true });
    } finally {
      await db.close();
    }
  }
}
