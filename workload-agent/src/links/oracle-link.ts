import { CONNECTION_MS_MAX, errorCode, zeroize } from "@ipse/protocol";
import type { EventSink, Timers } from "@ipse/protocol/host";
import type { AgentMessage, OracleMessage } from "@ipse/protocol/wire";
import { Backoff } from "./backoff.ts";
import type { SessionEndpoint } from "./pinned-socket.ts";
import { sealDelta } from "./sealing.ts";
import { openSession, type SessionConnection, type SessionOptions } from "./session-connection.ts";

/** Messages waiting for a sealed delta in front of them. */
const SEALING_QUEUE_MAX = 64;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** A connection that lived this long was a good one: its successor starts without delay. */
const SETTLED_MS = 5000;
const PING_MS = 15_000;

export interface LinkHandlers {
  onUp(): void;
  onDown(): void;
  /** An answer to the request with this id. */
  onMessage(message: OracleMessage, id: number): void;
}

export interface LinkOptions extends Omit<SessionOptions, "endpoint"> {
  /** The newest record of where the oracle is. */
  readonly endpoint: () => SessionEndpoint | undefined;
  readonly timers: Timers;
  readonly events: EventSink;
  readonly pingMs?: number;
  readonly lifetimeMs?: number;
}

/**
 * Keeps one connection to one oracle, for ever: jittered growing delays between attempts, a ping when it is idle,
 * an end before the hour is over (the oracle's sealing key dies with the connection).
 */
export class OracleLink {
  readonly #options: LinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS);
  #connection: SessionConnection | undefined;
  #timers: (() => void)[] = [];
  #alive = false;
  #settled = false;
  #stopped = true;
  #sealing = 0;
  #tail: Promise<void> = Promise.resolve();
  /** Of the connection that is being made. */
  #abort = new AbortController();
  #lastProblem = "";

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  get up(): boolean {
    return this.#connection !== undefined;
  }

  /** Why there is no connection; empty while there is one. */
  get problem(): string {
    return this.up ? "" : this.#lastProblem;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    this.#clearTimers();
    if (this.#connection === undefined) this.#abort.abort();
    else this.#connection.end("stopped");
  }

  /** Drops the connection so that the next one uses the newest endpoint. */
  reconnect(why: string): void {
    this.#backoff.reset();
    this.#connection?.drop(why);
  }

  /**
   * Sends one request; its answer will carry the same id. A delta is sealed first (and wiped), and what is sent
   * later waits behind it. False when there is no connection to send on.
   */
  send(id: number, message: AgentMessage, delta?: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection === undefined || this.#sealing >= SEALING_QUEUE_MAX) {
      if (delta !== undefined) zeroize(delta);
      return false;
    }
    if (delta === undefined && this.#sealing === 0) return connection.send(id, message);
    this.#sealing++;
    this.#tail = this.#tail
      .then(() => this.#sealAndSend(connection, id, message, delta))
      .catch((error: unknown) => connection.drop(errorCode(error)))
      .finally(() => {
        this.#sealing--;
        if (delta !== undefined) zeroize(delta);
      });
    return true;
  }

  async #sealAndSend(
    connection: SessionConnection,
    id: number,
    message: AgentMessage,
    delta: Uint8Array | undefined,
  ): Promise<void> {
    if (this.#connection !== connection) return;
    if (delta === undefined || message.kind !== "step") {
      connection.send(id, message);
      return;
    }
    const { oracle } = this.#options;
    const sealedDelta = await sealDelta(connection.hello.sealingKey, message.signed, oracle, delta);
    if (this.#connection === connection) connection.send(id, { ...message, sealedDelta });
  }

  #dial(): void {
    const { endpoint: endpointOf, oracle } = this.#options;
    const endpoint = endpointOf();
    if (endpoint === undefined) {
      this.#retry("no endpoint is known");
      return;
    }
    const handlers = {
      onFrame: (frame: { id: number; message: OracleMessage }) => {
        this.#alive = true;
        this.#handlers.onMessage(frame.message, frame.id);
      },
      onClose: (why: string) => this.#onClose(why),
    };
    this.#abort = new AbortController();
    openSession({ ...this.#options, endpoint, signal: this.#abort.signal }, handlers).then(
      (connection) => {
        if (this.#stopped) connection.drop("stopped");
        else this.#onOpen(connection);
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        this.#options.events({ level: "debug", event: "link.failed", oracle, why });
        this.#retry(why);
      },
    );
  }

  #onOpen(connection: SessionConnection): void {
    const { timers, pingMs = PING_MS, lifetimeMs = CONNECTION_MS_MAX, oracle, events } = this.#options;
    this.#connection = connection;
    this.#settled = false;
    this.#timers = [
      // Somewhat early, so that the connections to all oracles do not end at one moment.
      timers.after(lifetimeMs * (0.8 + 0.15 * Math.random()), () =>
        this.#connection?.drop("its hour is over"),
      ),
      timers.after(SETTLED_MS, () => {
        this.#settled = true;
      }),
    ];
    this.#watch(connection, pingMs);
    events({ level: "info", event: "link.up", oracle });
    this.#handlers.onUp();
  }

  /** One look per interval: silence since the last ping means that the peer is gone. */
  #watch(connection: SessionConnection, pingMs: number): void {
    this.#alive = false;
    connection.ping(() => {
      this.#alive = true;
    });
    const cancel = this.#options.timers.after(pingMs, () => {
      this.#timers = this.#timers.filter((one) => one !== cancel);
      if (this.#alive) this.#watch(connection, pingMs);
      else connection.drop("silent");
    });
    this.#timers.push(cancel);
  }

  #onClose(why: string): void {
    this.#clearTimers();
    this.#connection = undefined;
    this.#options.events({ level: "info", event: "link.down", oracle: this.#options.oracle, why });
    this.#handlers.onDown();
    if (this.#settled) this.#backoff.reset();
    this.#retry(why);
  }

  #retry(why: string): void {
    this.#lastProblem = why;
    if (this.#stopped) return;
    this.#timers = [this.#options.timers.after(this.#backoff.nextMs(), () => this.#dial())];
  }

  #clearTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }
}
