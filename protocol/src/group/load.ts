import type { Group } from "./group.ts";
import { portableGroup } from "./portable.ts";
import { loadFastGroup } from "./sodium.ts";

export interface LoadedGroup {
  readonly group: Group;
  /** Present when secrets go through the portable backend; edges must show it. */
  readonly warning?: string;
}

/** The fast backend where it loads and passes its self test, otherwise the portable one with a warning. */
export async function loadGroup(): Promise<LoadedGroup> {
  const fast = await loadFastGroup();
  if (fast !== undefined) return { group: fast };
  const warning =
    "libsodium could not be used: secrets are handled by portable JavaScript, which is slower and not constant time";
  return { group: portableGroup, warning };
}
