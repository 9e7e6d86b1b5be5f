import type { HostEvent } from "@ipse/protocol/host";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

const PREFIX = "ipse_oracle_";
/** How often the lag of the event loop is looked at: each look wakes an idle process. */
const LAG_EVERY_MS = 100;

export interface Metrics {
  /** Counts an event by its stable name. */
  readonly count: (event: HostEvent) => void;
  readonly contentType: string;
  /** The text of /metrics. */
  render(values: Readonly<Record<string, number>>): Promise<string>;
}

/** Prometheus metrics: what the oracle counts itself, events by name, and the process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_EVERY_MS });
  const events = new Counter({
    name: `${PREFIX}events_total`,
    help: "Events of the oracle by name",
    labelNames: ["event"],
    registers: [registry],
  });
  const own = new Map<string, Counter | Gauge>();
  const set = (name: string, value: number): void => {
    const total = name.endsWith("_total");
    let metric = own.get(name);
    if (metric === undefined) {
      const options = { name: PREFIX + name, help: name.replaceAll("_", " "), registers: [registry] };
      metric = total ? new Counter(options) : new Gauge(options);
      own.set(name, metric);
    }
    metric.reset();
    metric.inc(value);
  };
  return {
    count: ({ event }) => events.inc({ event }),
    contentType: registry.contentType,
    render(values) {
      for (const [name, value] of Object.entries(values)) set(name, value);
      return registry.metrics();
    },
  };
}
