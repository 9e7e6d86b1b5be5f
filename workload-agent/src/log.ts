import type { EventSink, HostEvent } from "@ipse/protocol/host";
import { destination, type Logger, pino, stdTimeFunctions } from "pino";

/** Names under which a secret could ever appear; events carry none, this is the second line. */
const SECRET_PATHS = [
  "seed",
  "join",
  "token",
  "access_token",
  "assertion",
  "client_assertion",
  "signature",
  "share",
];

/** JSON lines on stderr; stdout belongs to what was asked for. */
export function stderrLogger(level = "info"): Logger {
  const redact = SECRET_PATHS.flatMap((name) => [name, `*.${name}`]);
  const formatters = { level: (label: string) => ({ level: label }) };
  const base = { name: "ipse-agent" };
  const timestamp = stdTimeFunctions.isoTime;
  return pino({ level, redact, base, timestamp, formatters }, destination({ fd: 2, sync: true }));
}

/** An event sink that writes to a logger and to whoever else listens. */
export function logEvents(logger: Logger, ...others: readonly EventSink[]): EventSink {
  return (event: HostEvent) => {
    const { level, event: name, ...fields } = event;
    logger[level](fields, name);
    for (const other of others) other(event);
  };
}
