import { randomBytes } from "node:crypto";
import type { LevelStore } from "@ipse/oracle/store";
import { encode } from "@ipse/protocol/encoding";
import { WORKLOAD_IDENTIFIER } from "@ipse/protocol/frost";
import type { Group, Scalar } from "@ipse/protocol/group";
import { createOracle, type OpenedAgentMessage, put, type StoreOp, type Table } from "@ipse/protocol/host";
import {
  NO_PREVIOUS,
  rosterHash,
  rosterSigningInput,
  type SignedRoster,
  type StatementPayload,
  statements,
  subjectKey,
  subjectOf,
} from "@ipse/protocol/registry";
import {
  assembleCertificate,
  type Body,
  bodyHash,
  type CertifiedHeader,
  chainInput,
  commitInput,
  EMPTY_BODY,
  evidenceInput,
  headerHash,
  type SignedVote,
  voteInput,
} from "@ipse/protocol/session";
import { records } from "@ipse/protocol/session/oracle";
import type { OracleMessage } from "@ipse/protocol/wire";
import { dealMaterial, expectTrue, known, randomScalar, shareOf } from "../signing/material.ts";

const ORACLES = [1, 2, 3, 4];
const QUORUM = 3;
const SPIFFE_ID = "spiffe://history.ipse/workload";
/** One step a minute: a day's retention is then a few more steps than the least that are kept. */
const STEP_MS = 60_000;
const START_MS = 1_800_000_000_000;

/** What a test of one oracle's history needs of everybody else: their keys. */
export interface Cast {
  readonly group: Group;
  readonly signedRoster: SignedRoster;
  readonly voteSeeds: readonly Uint8Array[];
  readonly evidenceSeed: Uint8Array;
  readonly instance: Uint8Array;
  readonly material: ReturnType<typeof dealMaterial>;
}

export function makeCast(group: Group): Cast {
  const operatorSeed = randomBytes(32);
  const voteSeeds = ORACLES.map(() => randomBytes(32));
  const publicKey = group.ed25519.publicKey(operatorSeed);
  const roster = {
    version: 1 as const,
    trustDomain: "history.ipse",
    issuer: "https://issuer.history.ipse",
    serial: 1,
    previous: NO_PREVIOUS,
    operators: [
      {
        name: "op",
        publicKey,
        roles: ["mint" as const, "contain" as const],
        notBeforeMs: 0,
        notAfterMs: 2 * START_MS,
      },
    ],
    mintThreshold: 1,
    oracles: voteSeeds.map((seed, i) => ({ id: i + 1, voteKey: group.ed25519.publicKey(seed) })),
    quorum: QUORUM,
    byzantineMax: 1,
  };
  const signature = group.ed25519.sign(operatorSeed, rosterSigningInput(roster));
  return {
    group,
    signedRoster: { roster, signatures: [{ publicKey, signature }] },
    voteSeeds,
    evidenceSeed: randomBytes(32),
    instance: randomBytes(32),
    material: dealMaterial(group, QUORUM + 1),
  };
}

/** A workload's chain and the other oracles' votes for it, made by whoever holds all keys. */
export class Chain {
  readonly #cast: Cast;
  #seed = randomBytes(32);
  head: CertifiedHeader;

  constructor(cast: Cast) {
    this.#cast = cast;
    const root = { chainKey: randomBytes(32), seed: this.#seed };
    this.head = this.#certified(0, new Uint8Array(32), EMPTY_BODY, root.chainKey, root.seed);
  }

  #certified(
    seq: number,
    parent: Uint8Array,
    body: Body,
    chainSeed: Uint8Array,
    nextSeed: Uint8Array,
  ): CertifiedHeader {
    const { group, signedRoster, evidenceSeed, instance, voteSeeds } = this.#cast;
    const header = {
      version: 1 as const,
      rosterHash: rosterHash(signedRoster.roster),
      instance,
      seq,
      parent,
      kind:
        seq === 0
          ? ("enroll" as const)
          : body.messages.length > 0
            ? ("sign" as const)
            : ("heartbeat" as const),
      bodyHash: bodyHash(body),
      ratchet: false,
      shareVersion: 0,
      groupEpoch: 0,
      identityKeyVersion: 0,
      nextChainKey: group.ed25519.publicKey(nextSeed),
    };
    const signed = {
      header,
      chainSignature: group.ed25519.sign(chainSeed, chainInput(header)),
      evidenceSignature: group.ed25519.sign(evidenceSeed, evidenceInput(header)),
    };
    const votes = ORACLES.slice(1).map((oracle): SignedVote => {
      const vote = {
        version: 1 as const,
        oracle,
        rosterHash: header.rosterHash,
        instance,
        seq,
        headerHash: headerHash(header),
        shareOk: true,
        shareVersion: 0,
        counter: seq + 1,
      };
      return {
        vote,
        signature: group.ed25519.sign(known(voteSeeds[oracle - 1], "a vote seed"), voteInput(vote)),
      };
    });
    return { signed, qc: assembleCertificate(votes) };
  }

  /** The next step, certified by the others, and the seed of the chain key it is under. */
  next(body: Body): { readonly certified: CertifiedHeader; readonly chainSeed: Uint8Array } {
    const { header } = this.head.signed;
    const [chainSeed, nextSeed] = [this.#seed, randomBytes(32)];
    const certified = this.#certified(header.seq + 1, headerHash(header), body, chainSeed, nextSeed);
    this.#seed = nextSeed;
    this.head = certified;
    return { certified, chainSeed };
  }
}

/** The rows with which an oracle knows the instance: enrolled, certified, with its share, allowed to sign anything. */
export function firstRows(cast: Cast, root: CertifiedHeader): StoreOp[] {
  const { group, signedRoster, evidenceSeed, instance, material } = cast;
  const hash = rosterHash(signedRoster.roster);
  const record: records.InstanceRecord = {
    version: 1,
    constants: {
      instance,
      rosterHash: hash,
      spiffeId: SPIFFE_ID,
      evidenceKey: group.ed25519.publicKey(evidenceSeed),
      identityKey: material.publicKey,
      threshold: QUORUM,
      oracleCount: ORACLES.length,
    },
    status: "active",
    reason: undefined,
    release: 0,
    head: root,
    vote: undefined,
    shares: [{ version: 0, share: shareOf(material, 1) }],
    undecided: [],
    prunedBelow: 0,
  };
  const payload: StatementPayload = {
    kind: "workload",
    spiffeId: SPIFFE_ID,
    deleted: false,
    resources: [],
    scopes: [],
    ttlSeconds: 300,
    onStale: "quarantine",
    allowRaw: true,
  };
  const statement = { version: 1 as const, rosterHash: hash, serial: 1, issuedAtMs: START_MS, payload };
  const row = <T>(into: Table<T>, key: Uint8Array, value: T): StoreOp => {
    const made = put(into, key, value);
    return { key: Buffer.concat([into.prefix, made.key]), value: encode(into.codec, value) };
  };
  return [
    row(records.instances, instance, record),
    row(records.histories, records.historyKey(instance, 0), { certified: root, adoptedAtMs: START_MS }),
    row(statements, subjectKey(subjectOf(payload)), { statement, signatures: [] }),
  ];
}

/** One real oracle host over a store, alone with its driver: time passes when the driver says so. */
export class LoneOracle {
  readonly #cast: Cast;
  readonly #level: LevelStore;
  readonly #node: ReturnType<typeof createOracle>;
  #timers: (() => void)[] = [];
  #elapsedMs: number;

  constructor(cast: Cast, level: LevelStore, elapsedMs: number) {
    this.#cast = cast;
    this.#level = level;
    this.#elapsedMs = elapsedMs;
    this.#node = createOracle(
      {
        group: cast.group,
        oracle: 1,
        voteSeed: known(cast.voteSeeds[0], "a vote seed"),
        rosters: [cast.signedRoster],
        clock: { nowMs: () => START_MS + this.#elapsedMs, monotonicMs: () => this.#elapsedMs },
        entropy: { random: (count) => randomBytes(count) },
        timers: {
          after: (_delayMs, fire) => {
            this.#timers.push(fire);
            return () => {
              this.#timers = this.#timers.filter((one) => one !== fire);
            };
          },
        },
        store: level.store,
        peers: { send: () => true },
        events: () => undefined,
      },
      (error) => {
        throw error;
      },
    );
    this.#node.start();
    for (const peer of [2, 3]) {
      this.#node.onPeerUp(peer);
      this.#node.onPeerMessage(peer, { kind: "inventory", page: 0, pages: 1, hashes: [] });
    }
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  #ask(message: OpenedAgentMessage): Promise<OracleMessage> {
    return new Promise((resolve) => this.#node.onAgentMessage(message, resolve));
  }

  #tick(): void {
    this.#elapsedMs += STEP_MS;
    for (const fire of this.#timers.splice(0)) fire();
  }

  /** A step without a signature: STEP, then CERT. */
  async beat(chain: Chain): Promise<void> {
    this.#tick();
    const parent = chain.head;
    const { certified } = chain.next(EMPTY_BODY);
    const step = {
      kind: "step" as const,
      signed: certified.signed,
      body: EMPTY_BODY,
      parent,
      delta: undefined,
    };
    const ordered = await this.#ask(step);
    expectTrue(ordered.kind === "ordered" && ordered.vote !== undefined, "the vote for a heartbeat");
    const noted = await this.#ask({ kind: "cert", certified, enrollment: undefined, signature: undefined });
    expectTrue(noted.kind === "certAck", "the answer to a certificate");
  }

  /** A step with one signature share: STEP, then COMMIT with the nonce commitments of two other oracles and the workload. */
  async sign(chain: Chain): Promise<void> {
    this.#tick();
    const { group, instance } = this.#cast;
    const parent = chain.head;
    const body: Body = { messages: [{ type: "raw", payload: randomBytes(64) }], ratchet: undefined };
    const { certified, chainSeed } = chain.next(body);
    const { header } = certified.signed;
    const ordered = await this.#ask({
      kind: "step",
      signed: certified.signed,
      body,
      parent,
      delta: undefined,
    });
    expectTrue(ordered.kind === "ordered" && ordered.slot !== undefined, "the vote for a step that signs");
    if (ordered.kind !== "ordered" || ordered.slot === undefined) return;
    const { slot } = ordered;
    const point = () => group.baseMul(randomScalar(group) as Scalar);
    const commit = {
      version: 1 as const,
      instance,
      seq: header.seq,
      headerHash: headerHash(header),
      shareVersion: 0,
      qc: certified.qc,
      slots: [1, 2, 3].map((oracle) => ({ oracle, bootId: slot.bootId, slotId: slot.slotId })),
      commitmentLists: [
        [1, 2, 3, WORKLOAD_IDENTIFIER].map((identifier) => ({
          identifier,
          ...(identifier === 1
            ? known(slot.commitments[0], "own nonces")
            : { hiding: point(), binding: point() }),
        })),
      ],
    };
    const signature = group.ed25519.sign(chainSeed, commitInput(commit));
    const shares = await this.#ask({ kind: "commit", commit, signature });
    const ok = shares.kind === "shares" && shares.results.every(({ kind }) => kind === "share");
    expectTrue(ok, "a signature share");
  }

  /** Rows of certified steps in the store. */
  historyRows(): Promise<number> {
    return new Promise((resolve) =>
      this.#level.store.page(records.histories.prefix, 1_000_000, undefined, (keys) => resolve(keys.length)),
    );
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#node.stop(resolve));
    await new Promise<void>((resolve) => this.#level.store.whenIdle(resolve));
    await this.#level.close();
  }
}
