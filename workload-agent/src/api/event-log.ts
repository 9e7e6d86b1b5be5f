import type { EventSink, HostEvent } from "@ipse/protocol/host";

export interface LoggedEvent {
  readonly seq: number;
  readonly time_ms: number;
  readonly event: HostEvent;
}

/** The last events, for whoever asks later: numbered, bounded, without debug noise. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #max: number;
  readonly #nowMs: () => number;
  #seq = 0;

  constructor(nowMs: () => number, max = 256) {
    this.#nowMs = nowMs;
    this.#max = max;
  }

  readonly sink: EventSink = (event) => {
    if (event.level === "debug") return;
    this.#seq++;
    this.#events.push({ seq: this.#seq, time_ms: this.#nowMs(), event });
    if (this.#events.length > this.#max) this.#events.shift();
  };

  /** Events with numbers above `after`, oldest first. */
  after(seq: number): LoggedEvent[] {
    return this.#events.filter((one) => one.seq > seq);
  }
}
