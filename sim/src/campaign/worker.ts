import { parentPort, workerData } from "node:worker_threads";
import { groupOf, type Job, work } from "./work.ts";

// One thread of a campaign: does its share and posts what it counted, slice by slice.
const port = parentPort;
if (port !== null) {
  const job = workerData as Job;
  const group = await groupOf(job.crypto);
  work(job, group, (slice) => {
    port.postMessage(slice);
    return true;
  });
}
