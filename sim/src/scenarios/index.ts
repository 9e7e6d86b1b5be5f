import { passiveClone } from "./01-passive-clone.ts";
import { cloneFirst } from "./02-clone-first.ts";
import { victimFirst } from "./03-victim-first.ts";
import { sameInstant } from "./04-same-instant.ts";
import { cloneBurst } from "./05-clone-burst.ts";
import { cloneMidStep } from "./06-clone-mid-step.ts";
import { cloneMidSigning } from "./07-clone-mid-signing.ts";
import { victimSuppressed } from "./08-victim-suppressed.ts";
import { victimDead } from "./09-victim-dead.ts";
import { severalClones } from "./10-several-clones.ts";
import { oldBackupTheft } from "./11-old-backup-theft.ts";
import { crashRestart } from "./12-crash-restart.ts";
import { lossyNetwork } from "./13-lossy-network.ts";
import { networkReplay } from "./14-network-replay.ts";
import { forgedStep } from "./15-forged-step.ts";
import { restoreNoProgress } from "./16-restore-no-progress.ts";
import { restoreAfterProgress } from "./17-restore-after-progress.ts";
import { restoreWithoutSafeStart } from "./18-restore-without-safe-start.ts";
import { pauseResume } from "./19-pause-resume.ts";
import { goldenImage } from "./20-golden-image.ts";
import { badDisk } from "./21-bad-disk.ts";
import { oracleStaleDisk } from "./22-oracle-stale-disk.ts";
import { tooManyRollbacks } from "./23-too-many-rollbacks.ts";
import { corruptAndStale } from "./24-corrupt-and-stale.ts";
import { corruptAndCurrent } from "./25-corrupt-and-current.ts";
import { allOraclesCorrupt } from "./26-all-oracles-corrupt.ts";
import { oracleEquivocation } from "./27-oracle-equivocation.ts";
import { lyingSigner } from "./28-lying-signer.ts";
import { partitionFork } from "./29-partition-fork.ts";
import { badDealing } from "./30-bad-dealing.ts";
import { oracleMemorySnapshot } from "./31-oracle-memory-snapshot.ts";
import { persistedNonces } from "./32-persisted-nonces.ts";
import { clonedEntropy } from "./33-cloned-entropy.ts";
import { clockSkew } from "./34-clock-skew.ts";
import { frameUp } from "./35-frame-up.ts";
import { revenge } from "./36-revenge.ts";
import { newRoster } from "./37-new-roster.ts";
import { revocationRace } from "./38-revocation-race.ts";
import { ticketTheft } from "./39-ticket-theft.ts";
import { tokenReplay } from "./40-token-replay.ts";
import { lyingCoordinator } from "./41-lying-coordinator.ts";
import { oracleAway } from "./42-oracle-away.ts";
import { rollingUpgrade } from "./43-rolling-upgrade.ts";
import { successiveRollbacks } from "./44-successive-rollbacks.ts";
import { statusLiar } from "./45-status-liar.ts";
import { staleNoticeReplay } from "./46-stale-notice-replay.ts";
import { pendingAcrossDowntime } from "./47-pending-across-downtime.ts";
import { splitThenSilence } from "./48-split-then-silence.ts";
import { poolKeyRace } from "./49-pool-key-race.ts";
import { voteLost } from "./50-vote-lost.ts";
import { crashInRatchet } from "./51-crash-in-ratchet.ts";
import { prunedVote } from "./52-pruned-vote.ts";
import { relayedCommit } from "./53-relayed-commit.ts";
import { multiUseTicket } from "./54-multi-use-ticket.ts";
import type { Scenario } from "./scenario.ts";

export * from "./facts.ts";
export * from "./scenario.ts";
export * from "./stage.ts";

/** Every scenario, by number. */
export const SCENARIOS: readonly Scenario[] = [
  passiveClone,
  cloneFirst,
  victimFirst,
  sameInstant,
  cloneBurst,
  cloneMidStep,
  cloneMidSigning,
  victimSuppressed,
  victimDead,
  severalClones,
  oldBackupTheft,
  crashRestart,
  lossyNetwork,
  networkReplay,
  forgedStep,
  restoreNoProgress,
  restoreAfterProgress,
  restoreWithoutSafeStart,
  pauseResume,
  goldenImage,
  badDisk,
  oracleStaleDisk,
  tooManyRollbacks,
  corruptAndStale,
  corruptAndCurrent,
  allOraclesCorrupt,
  oracleEquivocation,
  lyingSigner,
  partitionFork,
  badDealing,
  oracleMemorySnapshot,
  persistedNonces,
  clonedEntropy,
  clockSkew,
  frameUp,
  revenge,
  newRoster,
  revocationRace,
  ticketTheft,
  tokenReplay,
  lyingCoordinator,
  oracleAway,
  rollingUpgrade,
  successiveRollbacks,
  statusLiar,
  staleNoticeReplay,
  pendingAcrossDowntime,
  splitThenSilence,
  poolKeyRace,
  voteLost,
  crashInRatchet,
  prunedVote,
  relayedCommit,
  multiUseTicket,
];
