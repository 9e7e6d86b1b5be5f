import type { Group } from "@ipse/protocol/group";
import type { Entropy, EventSink, Timers } from "@ipse/protocol/host";
import type { Roster } from "@ipse/protocol/registry";
import type { AgentMessage, OracleMessage } from "@ipse/protocol/wire";
import type { EndpointDirectory } from "./directory.ts";
import { OracleLink } from "./oracle-link.ts";
import { fetchEndpointStatements } from "./registry-client.ts";

export interface LinksOptions {
  readonly group: Group;
  readonly roster: Roster;
  readonly directory: EndpointDirectory;
  readonly entropy: Entropy;
  readonly timers: Timers;
  readonly events: EventSink;
  /** A signed endpoint statement was news: keep it. */
  readonly onEndpoints: () => void;
  readonly refreshMs?: number;
}

export interface LinksHandlers {
  onUp(oracle: number): void;
  onDown(oracle: number): void;
  onMessage(oracle: number, id: number, message: OracleMessage): void;
}

export interface LinkReport {
  readonly id: number;
  readonly connected: boolean;
  readonly problem: string | null;
}

/** How often an oracle is asked where all of them are; and how soon after a connection came up. */
const REFRESH_MS = 5 * 60 * 1000;
const FIRST_REFRESH_MS = 1000;
/** While some oracle is out of reach, its new address may be known to another. */
const REFRESH_DOWN_MS = 10_000;

/** The connections to all oracles of a roster, and the news about where they are. */
export class OracleLinks {
  readonly #options: LinksOptions;
  readonly #links: ReadonlyMap<number, OracleLink>;
  #cancel: () => void = () => {};
  #stopped = true;
  #turn = 0;
  /** The next look is far away, because nothing was missing when it was planned. */
  #relaxed = false;

  constructor(options: LinksOptions, handlers: LinksHandlers) {
    this.#options = options;
    const { roster, directory } = options;
    this.#links = new Map(
      roster.oracles.map(({ id, voteKey }) => {
        const endpoint = () => directory.session(id);
        const link = new OracleLink(
          { ...options, oracle: id, voteKey, endpoint },
          {
            onUp: () => handlers.onUp(id),
            onDown: () => {
              handlers.onDown(id);
              this.#hurry();
            },
            onMessage: (message, requestId) => handlers.onMessage(id, requestId, message),
          },
        );
        return [id, link] as const;
      }),
    );
  }

  start(): void {
    this.#stopped = false;
    for (const link of this.#links.values()) link.start();
    this.#plan(FIRST_REFRESH_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    for (const link of this.#links.values()) link.stop();
  }

  /** Sends a request whose answer carries `id`; wipes the delta. False when the oracle is out of reach. */
  send(oracle: number, id: number, message: AgentMessage, delta?: Uint8Array): boolean {
    return this.#links.get(oracle)?.send(id, message, delta) ?? false;
  }

  report(): LinkReport[] {
    return [...this.#links].map(([id, link]) => ({
      id,
      connected: link.up,
      problem: link.up ? null : link.problem,
    }));
  }

  #plan(delayMs: number): void {
    this.#cancel();
    this.#relaxed = delayMs > REFRESH_DOWN_MS;
    if (!this.#stopped) this.#cancel = this.#options.timers.after(delayMs, () => void this.refresh());
  }

  /** An oracle went away: perhaps it moved. Never puts off a look that comes sooner. */
  #hurry(): void {
    if (this.#relaxed) this.#plan(Math.min(REFRESH_DOWN_MS, this.#options.refreshMs ?? REFRESH_MS));
  }

  /** Asks one connected oracle after the other, one per turn: each may be behind, none can invent a record. */
  async refresh(): Promise<void> {
    const { directory, group, roster, events, refreshMs = REFRESH_MS } = this.#options;
    const up = [...this.#links].filter(([, link]) => link.up).map(([id]) => id);
    const asked = up[this.#turn++ % Math.max(1, up.length)];
    const endpoint = asked === undefined ? undefined : directory.session(asked);
    try {
      if (endpoint !== undefined) this.#learn(await fetchEndpointStatements(endpoint, group, roster));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      events({ level: "debug", event: "endpoints.failed", oracle: asked, why });
    }
    const incomplete = roster.oracles.some(({ id }) => directory.record(id) === undefined);
    const soon = incomplete || up.length < this.#links.size;
    this.#plan(soon ? Math.min(REFRESH_DOWN_MS, refreshMs) : refreshMs);
  }

  #learn(statements: Awaited<ReturnType<typeof fetchEndpointStatements>>): void {
    const { directory, events, onEndpoints } = this.#options;
    let news = false;
    for (const signed of statements) {
      const { payload } = signed.statement;
      if (payload.kind !== "endpoint") continue;
      const before = directory.session(payload.oracle);
      if (!directory.learn(signed)) continue;
      news = true;
      const moved = before?.sessionUrl !== payload.sessionUrl || !samePin(before.tlsPin, payload.tlsPin);
      if (!moved) continue;
      events({ level: "info", event: "endpoint.moved", oracle: payload.oracle });
      this.#links.get(payload.oracle)?.reconnect("the oracle moved");
    }
    if (news) onEndpoints();
  }
}

function samePin(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}
