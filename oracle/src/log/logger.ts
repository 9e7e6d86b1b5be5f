import type { EventSink, HostEvent } from "@ipse/protocol/host";
import { type DestinationStream, type Logger, pino } from "pino";

/** What must never reach a log, wherever it stands in a logged object. */
const SECRET_NAMES = [
  "seed",
  "secret",
  "password",
  "credential",
  "authorization",
  "cookie",
  "dpop",
  "assertion",
  "client_assertion",
  "access_token",
  "token",
  "join",
  "d",
  "privateKey",
  "private_key",
];

const REDACTED = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]).map((path) =>
  path.replace(/\.-/g, "-"),
);

/** JSON lines on stderr (or `destination`): stdout belongs to the commands. */
export function createLogger(
  level: string,
  base: Record<string, unknown>,
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    base,
    redact: { paths: REDACTED, censor: "[redacted]" },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorFields },
  };
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** An error for the log: code, sentence and where; never the whole object, which may hold a request. */
function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: "not an Error" };
  const { code } = error as { code?: unknown };
  return { code: typeof code === "string" ? code : error.name, message: error.message, stack: error.stack };
}

/** The machines' events as log lines; `count` sees each one first. */
export function eventSink(log: Logger, count: (event: HostEvent) => void): EventSink {
  return (event) => {
    count(event);
    const { level, ...fields } = event;
    log[level](fields, event.event);
  };
}
