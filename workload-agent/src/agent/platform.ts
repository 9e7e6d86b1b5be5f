import { useHashes } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { loadGroup } from "@ipse/protocol/group";
import type { Clock, Entropy, EventSink, Timers } from "@ipse/protocol/host";
import { machineIdentity } from "../continuity/index.ts";
import { kernelEntropy, systemClock, systemHashes, systemTimers } from "../platform/index.ts";

/** What the machine around an agent provides. */
export interface Platform {
  readonly group: Group;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly timers: Timers;
  readonly events: EventSink;
}

/** The real machine; warns where secrets would go through portable JavaScript. */
export async function systemPlatform(events: EventSink): Promise<Platform> {
  useHashes(systemHashes);
  const { group, warning } = await loadGroup();
  if (warning !== undefined) events({ level: "warn", event: "group.portable", why: warning });
  return { group, clock: systemClock, entropy: kernelEntropy(), timers: systemTimers, events };
}

/** One text that names boot and VM generation, as far as the platform tells. */
export function machineName(): string {
  const { bootId, generationId } = machineIdentity();
  return `${bootId ?? "?"}/${generationId ?? "?"}`.slice(0, 256);
}
