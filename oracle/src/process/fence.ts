import { loadGroup } from "@ipse/protocol/group";
import { createOracle } from "@ipse/protocol/host";
import { inConfigDir, type LoadedConfig } from "../config/index.ts";
import { systemClock, systemEntropy, systemTimers } from "../ports/system.ts";
import { openLevelStore } from "../store/index.ts";
import { readMaterial } from "./material.ts";

/**
 * Marks a stopped oracle as rolled back, for good (SPEC section 7): it will answer reads and vote on
 * nothing under this vote key. Returns whether it was fenced before. Throws ERR_STORE_LOCKED while it runs.
 */
export async function fenceOracle(loaded: LoadedConfig, reason: string): Promise<boolean> {
  const { group } = await loadGroup();
  const { voteKey, rosters } = readMaterial(group, loaded);
  const fail = (error: Error): never => {
    throw error;
  };
  const level = await openLevelStore({
    dir: inConfigDir(loaded, loaded.config.store_dir),
    owner: voteKey.publicKey,
    fatal: fail,
  });
  try {
    const node = createOracle(
      {
        group,
        oracle: loaded.config.oracle,
        voteSeed: voteKey.seed,
        rosters,
        clock: systemClock,
        entropy: systemEntropy,
        timers: systemTimers,
        store: level.store,
        peers: { send: () => false },
        events: () => {},
      },
      fail,
    );
    const before = node.fenced;
    if (!before) await new Promise<void>((resolve) => node.fence(reason, resolve));
    await new Promise<void>((resolve) => level.store.whenIdle(resolve));
    return before;
  } finally {
    await level.close();
  }
}
