import { HEARTBEAT_MS, IpseError } from "@ipse/protocol";
import { type StateFile, WorkloadHost } from "@ipse/protocol/host";
import type { Roster } from "@ipse/protocol/registry";
import type { Enrollment, MessageType } from "@ipse/protocol/session";
import type { JoinTicket, Mode, SubmissionOutcome, WorkloadSettings } from "@ipse/protocol/session/workload";
import type { SignatureReport } from "../api/service.ts";
import { watchContinuity } from "../continuity/index.ts";
import { EndpointDirectory, type LinkReport, OracleLinks, readEndpointStatement } from "../links/index.ts";
import { outcomeOf, sentenceOf } from "../outcome.ts";
import { type Cluster, loadEndpoints, saveEndpoints } from "../state/index.ts";
import type { Issuer } from "../tokens/index.ts";
import { machineName, type Platform } from "./platform.ts";

export interface SessionOptions {
  readonly platform: Platform;
  readonly dir: string;
  readonly cluster: Cluster;
  readonly stateFile: StateFile;
  /** Enrolls with this ticket where the state file is empty. */
  readonly join?: JoinTicket | undefined;
  readonly heartbeatMs?: number | undefined;
  /** Where the machine is to wait longer or shorter than it does by default. */
  readonly settings?: Partial<WorkloadSettings> | undefined;
  readonly onStatus: (mode: Mode, code: string | undefined) => void;
  readonly onFatal: (error: unknown) => void;
}

/** Where the machine stands, without its secrets. */
export interface SessionView {
  readonly mode: Mode;
  readonly code: string | undefined;
  readonly enrollment: Enrollment | undefined;
  readonly headSeq: number | undefined;
  readonly shareVersion: number | undefined;
}

/** Heartbeat intervals an agent takes. */
export const HEARTBEAT_MS_MIN = 100;
export const HEARTBEAT_MS_MAX = 24 * 60 * 60 * 1000;

/** What a join URI wishes is taken as far as it makes sense. */
function boundHeartbeat(wishMs: number): number {
  return Math.min(HEARTBEAT_MS_MAX, Math.max(HEARTBEAT_MS_MIN, wishMs));
}

function failed(code: string): IpseError {
  return new IpseError(code, sentenceOf(code));
}

/** Refusals of co-signers that are no verdict on the request. */
const NOT_POLICY = ["ERR_SIGNING_FAILED", "ERR_ASSERTION_EXPIRED", "ERR_ASSERTION_NOT_YET", "ERR_INTERNAL"];

/** A message that was denied: the co-signers' code where this program knows it, else the general one. */
function denied(code: string): IpseError {
  if (outcomeOf(code) !== "failed" || NOT_POLICY.includes(code)) return failed(code);
  return new IpseError("ERR_MESSAGE_DENIED", `${sentenceOf("ERR_MESSAGE_DENIED")} (${code})`);
}

/** The first signature of a submission. Throws what became of it otherwise. */
function signatureOf(outcome: SubmissionOutcome): SignatureReport {
  if (!outcome.ok) throw failed(outcome.code);
  const [first] = outcome.outcomes;
  if (first === undefined) throw failed("ERR_INTERNAL");
  if (!first.ok) throw denied(first.code);
  return { signature: first.signature, seq: outcome.seq };
}

/** One instance at work: the machine, its links, and the watch over its continuity. */
export class InstanceSession {
  readonly #options: SessionOptions;
  readonly #directory: EndpointDirectory;
  readonly #links: OracleLinks;
  readonly #host: WorkloadHost;
  readonly heartbeatMs: number;
  #stopWatch: () => void = () => {};
  #stepped = false;

  /** Throws ERR_STATE_* when the state file is not usable. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { platform, cluster, dir, stateFile, join } = options;
    const { roster } = cluster.roster;
    this.heartbeatMs = options.heartbeatMs ?? boundHeartbeat(cluster.heartbeatMs ?? HEARTBEAT_MS);
    const known = loadEndpoints(dir).flatMap((signed) => {
      const verified = readEndpointStatement(signed, platform.group, roster);
      return verified === undefined ? [] : [verified];
    });
    this.#directory = new EndpointDirectory(cluster.bootstrap, known);
    this.#links = new OracleLinks(
      { ...platform, roster, directory: this.#directory, onEndpoints: () => this.#keepEndpoints() },
      {
        onUp: (oracle) => this.#host.oracleUp(oracle),
        onDown: (oracle) => this.#host.oracleDown(oracle),
        onMessage: (oracle, id, message) => this.#host.receive(oracle, id, message),
      },
    );
    const ports = {
      ...platform,
      roster,
      stateFile,
      links: {
        send: (
          oracle: number,
          id: number,
          message: Parameters<OracleLinks["send"]>[2],
          delta?: Uint8Array,
        ) => {
          if (message.kind === "step") this.#noteFirstStep(message.signed.header.seq);
          this.#links.send(oracle, id, message, delta);
        },
      },
      settings: { ...options.settings, heartbeatMs: this.heartbeatMs },
      onStatus: options.onStatus,
      onFatal: options.onFatal,
    };
    this.#host = WorkloadHost.open(ports, machineName(), join);
  }

  start(): void {
    const { platform } = this.#options;
    this.#host.start();
    this.#links.start();
    this.#stopWatch = watchContinuity({
      ...platform,
      onLost: (reason) => {
        platform.events({ level: "warn", event: "continuity.lost", reason });
        this.#host.continuityLost(machineName());
      },
    });
  }

  /** Ends everything at once; the state file is as the last save left it. */
  stop(): void {
    this.disconnect();
    this.#host.stop();
  }

  /** Closes the links for good: the instance is over, but its answers are still wanted. */
  disconnect(): void {
    this.#stopWatch();
    this.#links.stop();
  }

  get roster(): Roster {
    return this.#options.cluster.roster.roster;
  }

  get view(): SessionView {
    const { mode, code, durable } = this.#host.view;
    const { phase } = durable;
    if (phase.kind === "live") {
      const { header } = phase.head.signed;
      const { seq: headSeq, shareVersion } = header;
      return { mode, code, enrollment: phase.enrollment, headSeq, shareVersion };
    }
    const none = { headSeq: undefined, shareVersion: undefined };
    if (phase.kind === "enrolling") return { mode, code, enrollment: undefined, ...none };
    return { mode, code, enrollment: phase.enrollment, ...none, headSeq: phase.headSeq };
  }

  get links(): LinkReport[] {
    return this.#links.report();
  }

  /** One signature by one step. Throws the code of what went wrong. */
  sign(type: MessageType, payload: Uint8Array): Promise<SignatureReport> {
    return new Promise((resolve, reject) => {
      this.#host.submit([{ type, payload }], (outcome) => {
        try {
          resolve(signatureOf(outcome));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Ends the instance for ever; settles when q oracles know. */
  leave(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#host.leave((outcome) => {
        if (outcome.ok || outcome.code === "ERR_INSTANCE_ENDED") resolve();
        else reject(failed(outcome.code));
      });
    });
  }

  /** Our own issuer, at every oracle whose signed record is known; the connected ones first. */
  async ownIssuer(): Promise<Issuer> {
    const { roster } = this;
    if (roster.oracles.some(({ id }) => this.#directory.record(id) === undefined))
      await this.#links.refresh();
    const ordered = [...this.links].sort((a, b) => Number(b.connected) - Number(a.connected));
    const tokenEndpoints = ordered.flatMap(({ id }) => {
      const record = this.#directory.record(id);
      return record === undefined ? [] : [new URL("/oauth2/token", record.oauthUrl)];
    });
    return { issuer: roster.issuer, tokenEndpoints, refusalsNeeded: roster.byzantineMax + 1 };
  }

  /** The moment from which this process counts as a second one, if it is one. */
  #noteFirstStep(seq: number): void {
    if (this.#stepped) return;
    this.#stepped = true;
    this.#options.platform.events({ level: "info", event: "session.first-step", seq });
  }

  #keepEndpoints(): void {
    const { dir, platform } = this.#options;
    saveEndpoints(dir, this.#directory.statements).catch((error: unknown) => {
      platform.events({ level: "warn", event: "endpoints.not-saved", why: String(error) });
    });
  }
}
