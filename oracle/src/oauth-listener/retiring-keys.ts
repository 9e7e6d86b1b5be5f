import { existsSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { parseStrictJson } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { ISSUER_TIMES } from "@ipse/protocol/issuer";
import type { PublicJwk } from "@ipse/protocol/oauth";
import type { Roster } from "@ipse/protocol/registry";
import type { Logger } from "pino";
import { z } from "zod";
import { readSecretFile, writeSecretFile } from "../keys/index.ts";
import { type KeyRecord, oncePerKid, verifyKeyRecord } from "./key-record.ts";

export interface RetiringKeysOptions {
  readonly group: Group;
  readonly roster: Roster;
  readonly log: Logger;
  readonly file: string;
  readonly nowMs: () => number;
}

/** One oracle that makes a new key every minute must not fill everybody's JWKS. */
const PER_ORACLE_MAX = 4;
const kept = z.array(z.strictObject({ until_ms: z.int(), record: z.unknown() })).max(256);

interface Retiring {
  readonly untilMs: number;
  readonly record: KeyRecord;
  readonly key: PublicJwk;
}

/**
 * Token keys of single oracles that sign no more: replaced, or of mode `local` before the cluster signed together.
 * They stand in the JWKS until every token under them has expired, also after a restart.
 */
export class RetiringKeys {
  readonly #options: RetiringKeysOptions;
  #retiring: readonly Retiring[] = [];

  constructor(options: RetiringKeysOptions) {
    this.#options = options;
    if (existsSync(options.file)) this.#restore();
  }

  #restore(): void {
    const { file, log } = this.#options;
    try {
      const list = kept.parse(parseStrictJson(readSecretFile(file)));
      this.#retiring = list.flatMap(({ until_ms, record }) => this.#entry(record, until_ms));
    } catch (error) {
      log.warn({ err: error }, "retiring-keys.unreadable");
    }
  }

  #entry(value: unknown, untilMs: number): Retiring[] {
    const { group, roster } = this.#options;
    const found = verifyKeyRecord(group, roster, value);
    return found === undefined ? [] : [{ untilMs, record: value as KeyRecord, key: found.key }];
  }

  /** From now on these retire; what does already keeps its time. Durable when it returns. */
  add(records: readonly unknown[]): void {
    const { file, nowMs } = this.#options;
    const now = nowMs();
    // Of each oracle: who gives out another's key as its own must not decide how long it stays.
    const nameOf = ({ record, key }: Retiring): string => `${record.oracle} ${key.kid}`;
    const known = new Set(this.#retiring.map(nameOf));
    const added = records
      .flatMap((record) => this.#entry(record, now + ISSUER_TIMES.overlapMs))
      .filter((one) => !known.has(nameOf(one)) && known.add(nameOf(one)));
    if (added.length === 0) return;
    const all = [...this.#retiring.filter(({ untilMs }) => untilMs > now), ...added];
    this.#retiring = all.filter(
      ({ record }, i) =>
        all.slice(i).filter((later) => later.record.oracle === record.oracle).length <= PER_ORACLE_MAX,
    );
    const rows = this.#retiring.map(({ untilMs, record }) => ({ until_ms: untilMs, record }));
    writeSecretFile(file, JSON.stringify(rows), true);
  }

  keys(): readonly PublicJwk[] {
    const now = this.#options.nowMs();
    return oncePerKid(this.#retiring.filter(({ untilMs }) => untilMs > now).map(({ key }) => key));
  }
}

/** What was kept of peers' token keys; nothing where the file does not hold such a list. */
export function readKeyRecords(file: string): readonly unknown[] {
  if (!existsSync(file)) return [];
  try {
    const records = parseStrictJson(readSecretFile(file));
    return Array.isArray(records) ? records : [];
  } catch (error) {
    if (error instanceof IpseError) return [];
    throw error;
  }
}
