import { concatBytes, equalBytes } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import { type Mutation, readRecord, type Table, type View } from "@ipse/protocol/host";
import { headerHash } from "@ipse/protocol/session";
import {
  type OracleContext,
  type OracleEffect,
  onCert,
  onEvidence,
  onHeader,
  onStatus,
  onStep,
  openHeaders,
  records,
  type VoteKey,
  voteKeyFrom,
} from "@ipse/protocol/session/oracle";
import type { AgentRequest } from "@ipse/protocol/session/workload";
import type { OracleMessage } from "@ipse/protocol/wire";
import type { DiskImage } from "../core/index.ts";
import { fastHash } from "../crypto/fast-hash.ts";
import type { Cluster } from "../world/index.ts";

/** An oracle at rest: its rows. Never changed in place; equal content is one object. */
export interface OracleState {
  readonly id: number;
  readonly rows: ReadonlyMap<string, unknown>;
  readonly record: records.InstanceRecord | undefined;
  readonly forked: boolean;
}

export interface OracleResult {
  readonly next: OracleState;
  readonly reply: OracleMessage | undefined;
}

const SALT = new Uint8Array(32);

const keyText = (key: Uint8Array): string => String.fromCharCode(...key);

function rowKey(table: Pick<Table<unknown>, "prefix">, key: Uint8Array): string {
  return keyText(concatBytes(table.prefix, key));
}

export function hashKey(...parts: readonly Uint8Array[]): string {
  return String.fromCharCode(...fastHash(parts).subarray(0, 16));
}

/**
 * Oracle number `oracle` of the explored configuration: the production step functions
 * over immutable rows, each (state, input) computed once.
 */
export class OraclePart {
  readonly #cluster: Cluster;
  readonly #oracle: number;
  readonly #instance: Uint8Array;
  readonly #image: DiskImage;
  readonly #voteKey: VoteKey;
  readonly #states = new Map<string, OracleState>();
  readonly #done = new Map<string, OracleResult>();
  readonly #heard = new Map<string, Map<number, OracleState>>();

  constructor(cluster: Cluster, oracle: number, instance: Uint8Array, image: DiskImage) {
    this.#cluster = cluster;
    this.#oracle = oracle;
    this.#instance = instance;
    this.#image = image;
    this.#voteKey = voteKeyFrom(cluster.group, cluster.voteSeeds[oracle - 1] ?? SALT);
  }

  get distinct(): number {
    return this.#states.size;
  }

  initial(): OracleState {
    return this.#intern(new Map());
  }

  #view(rows: ReadonlyMap<string, unknown>): View {
    return {
      get: <T>(table: Table<T>, key: Uint8Array): T | undefined => {
        const name = rowKey(table, key);
        if (rows.has(name)) return rows.get(name) as T | undefined;
        return readRecord(table, key, (full) => this.#image.get(keyText(full)));
      },
      scan: () => [],
    };
  }

  #intern(rows: ReadonlyMap<string, unknown>): OracleState {
    const view = this.#view(rows);
    const record = view.get(records.instances, this.#instance);
    const mine = view.get(records.self, records.SELF_KEY);
    const forked = view.get(records.forks, this.#instance) !== undefined;
    const parts = [
      record === undefined ? SALT : encode(records.instances.codec, record),
      mine === undefined ? SALT : encode(records.selfRecord, mine),
      Uint8Array.of(forked ? 1 : 0, rows.size),
    ];
    const key = hashKey(...parts);
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { id: this.#states.size, rows, record, forked };
      this.#states.set(key, state);
    }
    return state;
  }

  #context(rows: ReadonlyMap<string, unknown>): OracleContext {
    const { group, roster, rosterHash } = this.#cluster;
    return {
      group,
      oracle: this.#oracle,
      voteKey: this.#voteKey,
      view: this.#view(rows),
      nowMs: 0,
      roster: (hash) => (equalBytes(hash, rosterHash) ? roster : undefined),
    };
  }

  #apply(state: OracleState, mutations: readonly Mutation[]): OracleState {
    if (mutations.length === 0) return state;
    const rows = new Map(state.rows);
    for (const { table, key, value } of mutations) rows.set(rowKey(table, key), value);
    return this.#intern(rows);
  }

  /** A message of an agent: the next state and the answer. */
  handle(
    state: OracleState,
    message: AgentRequest,
    messageKey: string,
    delta: Uint8Array | undefined,
  ): OracleResult {
    const key = `${state.id}/${messageKey}`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const context = this.#context(state.rows);
    let result: OracleResult = { next: state, reply: undefined };
    const outcome =
      message.kind === "step"
        ? onStep(context, { signed: message.signed, body: message.body, parent: message.parent, delta })
        : message.kind === "cert"
          ? onCert(context, message.certified, true, message.signature)
          : message.kind === "status"
            ? onStatus(context, message.instance, message.challenge)
            : undefined;
    if (outcome !== undefined)
      result = { next: this.#apply(state, outcome.mutations), reply: replyOf(outcome.effects) };
    this.#done.set(key, result);
    return result;
  }

  /** What `from` gossips, taken in: undecided headers, head, evidence. */
  hear(state: OracleState, from: OracleState): OracleState {
    const gossip = keyOfGossip(from);
    let heard = this.#heard.get(gossip);
    if (heard === undefined) {
      heard = new Map();
      this.#heard.set(gossip, heard);
    }
    const known = heard.get(state.id);
    if (known !== undefined) return known;
    let next = state;
    const take = (step: (context: OracleContext) => { readonly mutations: readonly Mutation[] }): void => {
      next = this.#apply(next, step(this.#context(next.rows)).mutations);
    };
    const { record } = from;
    const head = record?.head;
    if (head !== undefined) take((context) => onCert(context, head, false));
    for (const { signed, parent } of record === undefined ? [] : openHeaders(record))
      take((context) => onHeader(context, signed, parent));
    const evidence = this.#view(from.rows).get(records.forks, this.#instance);
    if (evidence !== undefined) take((context) => onEvidence(context, evidence));
    heard.set(state.id, next);
    return next;
  }
}

const gossipKeys = new WeakMap<OracleState, string>();

/** What an oracle would gossip, by content. */
function keyOfGossip(state: OracleState): string {
  let key = gossipKeys.get(state);
  if (key === undefined) {
    key = gossipText(state);
    gossipKeys.set(state, key);
  }
  return key;
}

function gossipText({ record, forked }: OracleState): string {
  if (record === undefined) return "nothing";
  const hashes = openHeaders(record).map(({ signed }) => String.fromCharCode(...headerHash(signed.header)));
  const head =
    record.head === undefined
      ? ""
      : hashKey(encode(records.historyRecord, { certified: record.head, adoptedAtMs: 0 }));
  return `${head}/${hashes.join("")}/${forked ? 1 : 0}`;
}

function replyOf(effects: readonly OracleEffect[]): OracleMessage | undefined {
  for (const effect of effects) {
    if (effect.kind === "reply") return effect.message;
    if (effect.kind === "ordered") return { kind: "ordered", ...effect.answer, slot: undefined, salt: SALT };
    if (effect.kind === "acknowledge")
      return { kind: "certAck", instance: effect.instance, seq: effect.seq, salt: SALT };
  }
  return undefined;
}
