import { parseStrictJson } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import type { OracleNode } from "@ipse/protocol/host";
import type { PublicJwk } from "@ipse/protocol/oauth";
import type { Roster } from "@ipse/protocol/registry";
import type { Logger } from "pino";
import { writeSecretFile } from "../keys/index.ts";
import { ask, Backoff } from "../links/index.ts";
import { type KeyRecord, oncePerKid, verifyKeyRecord } from "./key-record.ts";
import { type RetiringKeys, readKeyRecords } from "./retiring-keys.ts";

export interface PeerKeysOptions {
  readonly node: OracleNode;
  readonly group: Group;
  readonly roster: Roster;
  readonly log: Logger;
  /** Where the peers' records are kept, so that a restart beside a sleeping peer still knows its key. */
  readonly file: string;
  readonly own: KeyRecord;
  /** Where keys go that others replace. */
  readonly retiring: RetiringKeys;
}

export const TOKEN_KEY_PATH = "/v1/registry/token-key";
const REFRESH_MS = 60_000;

/** The token keys of all oracles: all of them stand in everybody's JWKS. */
export class PeerKeys {
  readonly #options: PeerKeysOptions;
  readonly #records = new Map<number, KeyRecord>();
  readonly #keys = new Map<number, PublicJwk>();
  #timer: NodeJS.Timeout | undefined;
  readonly #backoff = new Backoff(100, 1_000);
  #stopped = false;

  constructor(options: PeerKeysOptions) {
    this.#options = options;
    this.#restore();
    // Kept at once: the next start knows by it that this key was replaced.
    if (this.#learn(options.own)) this.#keep();
  }

  #keep(): void {
    writeSecretFile(this.#options.file, JSON.stringify([...this.#records.values()]), true);
  }

  /** In oracle order, then those that retire. */
  keys(): readonly PublicJwk[] {
    const current = [...this.#keys].sort(([a], [b]) => a - b).map(([, key]) => key);
    return oncePerKid([...current, ...this.#options.retiring.keys()]);
  }

  start(): void {
    void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Takes a record in if it verifies; true when it is news. A key that it replaces retires. */
  #learn(record: KeyRecord): boolean {
    const { group, roster, retiring } = this.#options;
    const found = verifyKeyRecord(group, roster, record);
    if (found === undefined) return false;
    const before = this.#records.get(found.oracle);
    if (before?.jwk === record.jwk) return false;
    if (before !== undefined) retiring.add([before]);
    this.#records.set(found.oracle, record);
    this.#keys.set(found.oracle, found.key);
    return true;
  }

  #restore(): void {
    for (const record of readKeyRecords(this.#options.file)) this.#learn(record as KeyRecord);
  }

  async #fetch(oracle: number): Promise<boolean> {
    const endpoint = this.#options.node.endpoint(oracle);
    if (endpoint === undefined) return false;
    const { status, body } = await ask(endpoint, "GET", TOKEN_KEY_PATH);
    if (status !== 200) return false;
    const record = parseStrictJson(body) as KeyRecord;
    return record.oracle === oracle && this.#learn(record);
  }

  async #round(): Promise<void> {
    const { roster, node, log } = this.#options;
    const peers = roster.oracles.map(({ id }) => id).filter((id) => id !== node.oracle);
    const news = await Promise.all(
      peers.map((id) =>
        this.#fetch(id).catch((error: unknown) => {
          log.debug({ err: error, peer: id }, "token-key.unreachable");
          return false;
        }),
      ),
    );
    if (this.#stopped) return;
    if (news.includes(true)) this.#keep();
    const complete = this.#keys.size === roster.oracles.length;
    this.#timer = setTimeout(() => void this.#round(), complete ? REFRESH_MS : this.#backoff.takeMs());
    this.#timer.unref();
  }
}
