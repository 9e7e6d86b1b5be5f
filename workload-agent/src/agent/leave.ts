import { setTimeout as sleep } from "node:timers/promises";
import { IpseError } from "@ipse/protocol";
import { EventLog } from "../api/event-log.ts";
import { openDirectory } from "../state/index.ts";
import { Agent } from "./agent.ts";
import type { Platform } from "./platform.ts";

/** A moment for the last messages to leave. */
const PARTING_MS = 150;

/** Ends the instance of a directory in which no agent runs. Throws what Agent.start and leave throw. */
export async function leaveDirectory(platform: Platform, directory: string): Promise<void> {
  const dir = openDirectory(directory, false);
  let onFatal: (error: unknown) => void = () => {};
  const fatal = new Promise<never>((_resolve, reject) => {
    onFatal = reject;
  });
  fatal.catch(() => undefined);
  const eventLog = new EventLog(() => platform.clock.nowMs());
  const agent = await Agent.start({ dir, platform, eventLog, onFatal });
  try {
    await Promise.race([agent.leave(), fatal]);
    await sleep(PARTING_MS);
  } catch (error) {
    const ended = error instanceof IpseError && error.code === "ERR_INSTANCE_ENDED";
    if (!ended) throw error;
  } finally {
    await agent.stop();
  }
}
