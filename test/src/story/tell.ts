import { afterChapter } from "./after-chapter.ts";
import { type CloneFacts, cloneChapter } from "./clone-chapter.ts";
import { clusterChapter } from "./cluster-chapter.ts";
import { evidenceChapter } from "./evidence-chapter.ts";
import type { ProtectedApi } from "./protected-api.ts";
import type { StoryResult } from "./result.ts";
import { QUORUM, type Stage, type Workload } from "./stage.ts";
import type { Timeline } from "./timeline.ts";
import { workChapter } from "./work-chapter.ts";

const ATTEMPTS_MAX = 3;

export interface Told {
  readonly result: StoryResult;
  readonly stage: Stage;
}

/** Chapters 2 and 3, with a longer heartbeat where this machine could not start a copy within the first one. */
async function untilCloned(stage: Stage): Promise<{ work: Workload; clone: CloneFacts }> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const work = await workChapter(stage, attempt);
    const clone = await cloneChapter(stage, work);
    if (clone !== undefined) return { work, clone };
    await work.agent.stop();
  }
  throw new Error("this machine is too slow: no copy ever acted before the original's next heartbeat");
}

/** The whole story on real processes. */
export async function tell(dir: string, timeline: Timeline, api: ProtectedApi): Promise<Told> {
  const stage = await clusterChapter(dir, timeline, api);
  const { work, clone } = await untilCloned(stage);
  const evidence = await evidenceChapter(stage, work);
  const after = await afterChapter(stage, work, clone);
  const result: StoryResult = {
    story: "clone-detected",
    oracles: stage.cluster.oracles.length,
    quorum: QUORUM,
    token: { issued: true, resource_status: work.resourceStatus },
    clone: {
      detected: true,
      detection_ms: clone.detectionMs,
      signatures_obtained: clone.signatures,
    },
    evidence,
    after,
  };
  return { result, stage };
}
