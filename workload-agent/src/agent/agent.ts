import { IpseError } from "@ipse/protocol";
import type { MessageType } from "@ipse/protocol/session";
import type { WorkloadSettings } from "@ipse/protocol/session/workload";
import type { EventLog } from "../api/event-log.ts";
import type { AgentService, IdentityReport, SignatureReport, StatusReport } from "../api/service.ts";
import { sentenceOf } from "../outcome.ts";
import {
  type AssertionIdentity,
  type AssertionRequest,
  makeAssertion,
  type TokenAnswer,
  type TokenQuery,
  TokenSource,
} from "../tokens/index.ts";
import { VERSION } from "../version.ts";
import { identityReport } from "./identity.ts";
import { Occupancy } from "./occupancy.ts";
import type { Platform } from "./platform.ts";
import type { InstanceSession } from "./session.ts";

export interface AgentOptions {
  /** The agent's directory, opened (openDirectory). */
  readonly dir: string;
  readonly platform: Platform;
  readonly eventLog: EventLog;
  readonly heartbeatMs?: number | undefined;
  /** Where the machine is to wait longer or shorter than it does by default. */
  readonly settings?: Partial<WorkloadSettings> | undefined;
  /** The machine has stopped for good: the process should end. */
  readonly onFatal: (error: unknown) => void;
}

/** The agent of one directory: signs, makes assertions, gets tokens, through whatever instance lives there. */
export class Agent implements AgentService {
  readonly #options: AgentOptions;
  readonly #occupancy: Occupancy;
  readonly #tokens: TokenSource;

  private constructor(options: AgentOptions, occupancy: Occupancy) {
    this.#options = options;
    this.#occupancy = occupancy;
    const { clock, timers } = options.platform;
    this.#tokens = new TokenSource({
      identity: () => this.#asserter(),
      sign: async (input) => (await this.sign("assertion", input)).signature,
      ownIssuer: () => this.#session.ownIssuer(),
      clock,
      timers,
    });
    occupancy.onChange = () => this.#tokens.clear();
  }

  /** Takes the directory and starts the instance in it. Throws ERR_NOT_ENROLLED, ERR_AGENT_RUNNING or ERR_STATE_*. */
  static async start(options: AgentOptions): Promise<Agent> {
    const occupancy = await Occupancy.take(options);
    return new Agent(options, occupancy);
  }

  async stop(): Promise<void> {
    this.#tokens.clear();
    await this.#occupancy.release();
  }

  get #session(): InstanceSession {
    return this.#occupancy.session;
  }

  status(): StatusReport {
    const { mode, code, headSeq, shareVersion } = this.#session.view;
    const identity = this.#identity();
    const oracles = this.#session.links;
    return {
      status: statusWord(mode, code),
      code: code ?? null,
      detail: code === undefined ? null : sentenceOf(code),
      spiffe_id: identity?.spiffe_id ?? null,
      instance: identity?.instance ?? null,
      kid: identity?.kid ?? null,
      seq: headSeq ?? null,
      share_version: shareVersion ?? null,
      heartbeat_ms: this.#session.heartbeatMs,
      quorum: this.#session.roster.quorum,
      connected: oracles.filter((oracle) => oracle.connected).length,
      oracles,
      pid: process.pid,
      version: VERSION,
    };
  }

  identity(): IdentityReport {
    const identity = this.#identity();
    if (identity !== undefined) return identity;
    const { code = "ERR_NOT_ENROLLED" } = this.#session.view;
    throw new IpseError(code, sentenceOf(code));
  }

  events(after: number) {
    return this.#options.eventLog.after(after);
  }

  sign(type: MessageType, payload: Uint8Array): Promise<SignatureReport> {
    return this.#session.sign(type, payload);
  }

  async assertion(request: AssertionRequest): Promise<string> {
    const sign = async (input: Uint8Array) => (await this.sign("assertion", input)).signature;
    return makeAssertion(this.#asserter(), request, sign, this.#options.platform.clock.nowMs());
  }

  /** A token from the cache is an answer as well: none is given once the instance is not served any more. */
  async token(query: TokenQuery): Promise<TokenAnswer> {
    const { code } = this.#session.view;
    if (code !== undefined) throw new IpseError(code, sentenceOf(code));
    const own = query.issuer === undefined || query.issuer === this.#session.roster.issuer;
    return this.#tokens.get(query).catch((error: unknown) => {
      // Our own issuer is the oracles: none of them could be reached.
      const away = own && error instanceof IpseError && error.code === "ERR_TOKEN_UNREACHABLE";
      throw away
        ? new IpseError("ERR_QUORUM_UNREACHABLE", `no oracle issued a token: ${error.message}`)
        : error;
    });
  }

  proof(token: TokenAnswer, target: { method: string; url: string; nonce?: string | undefined }) {
    return this.#tokens.proof(token, target) ?? Promise.resolve(undefined);
  }

  leave(): Promise<void> {
    return this.#session.leave();
  }

  #asserter(): AssertionIdentity {
    const { spiffe_id: spiffeId, kid, issuer } = this.identity();
    return { spiffeId, kid, issuer };
  }

  #identity(): IdentityReport | undefined {
    const { enrollment } = this.#session.view;
    const { group } = this.#options.platform;
    return enrollment === undefined ? undefined : identityReport(group, this.#session.roster, enrollment);
  }
}

/** The state in one word, as `status` shows it. */
export function statusWord(mode: string, code: string | undefined): string {
  if (mode === "running") return "active";
  if (mode !== "dead") return mode;
  switch (code) {
    case "ERR_INSTANCE_REVOKED":
      return "revoked";
    case "ERR_INSTANCE_ENDED":
      return "ended";
    case "ERR_INSTANCE_STALE":
      return "stale";
    default:
      return "refused";
  }
}
