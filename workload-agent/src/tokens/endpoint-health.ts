import type { Clock } from "@ipse/protocol/host";

/** How long an endpoint that did not answer is asked last. */
const REST_MS = 60_000;

/** Remembers which endpoints did not answer, so that not every request waits for them again. */
export class EndpointHealth {
  readonly #clock: Clock;
  readonly #failedMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(endpoint: URL): void {
    this.#failedMs.set(endpoint.href, this.#clock.monotonicMs());
  }

  answered(endpoint: URL): void {
    this.#failedMs.delete(endpoint.href);
  }

  /** The endpoints in their order, but those that failed lately behind the others. */
  order(endpoints: readonly URL[]): URL[] {
    const since = this.#clock.monotonicMs() - REST_MS;
    const rests = ({ href }: URL): boolean => (this.#failedMs.get(href) ?? Number.NEGATIVE_INFINITY) > since;
    return [...endpoints.filter((one) => !rests(one)), ...endpoints.filter(rests)];
  }
}
