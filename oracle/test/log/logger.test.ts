import { IpseError } from "@ipse/protocol";
import { describe, expect, it } from "vitest";
import { createLogger, eventSink } from "../../src/log/logger.ts";

function logging() {
  const lines: string[] = [];
  const log = createLogger("debug", { oracle: 1 }, { write: (line: string) => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "{}") as Record<string, unknown> };
}

describe("the log", () => {
  it("hides what is secret by name, wherever it stands", () => {
    const { log, lines } = logging();
    log.info(
      { seed: "s1", request: { authorization: "s2", body: { client_assertion: "s3" } }, token: "s4" },
      "x",
    );
    expect(lines.join("")).not.toMatch(/s[1-4]"/);
    expect(lines.join("")).toContain("[redacted]");
  });

  it("keeps of an error its code, sentence and place alone", () => {
    const { log, last } = logging();
    const error = Object.assign(new IpseError("ERR_X_Y", "a sentence"), { request: { body: "secret" } });
    log.error({ err: error }, "failed");
    expect(Object.keys(last()["err"] as object).sort()).toEqual(["code", "message", "stack"]);
    expect(last()["err"]).toMatchObject({ code: "ERR_X_Y", message: "a sentence" });
    log.error({ err: "text" }, "failed");
    expect(last()["err"]).toEqual({ message: "not an Error" });
  });

  it("writes events under their level, and counts them first", () => {
    const { log, last } = logging();
    const counted: string[] = [];
    eventSink(log, ({ event }) => counted.push(event))({
      level: "warn",
      event: "fork.detected",
      instance: "ab",
    });
    expect(last()).toMatchObject({ level: 40, msg: "fork.detected", instance: "ab", oracle: 1 });
    expect(counted).toEqual(["fork.detected"]);
  });
});
