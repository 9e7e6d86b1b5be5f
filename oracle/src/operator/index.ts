export { type Agreed, type Merged, mergeLists, reachedBy } from "./agree.ts";
export { type Cluster, type ClusterOptions, openCluster, reachable } from "./cluster.ts";
export { findInstance, instanceBytes, nextRelease, readEvidence, readHistory } from "./instances.ts";
export { findIssuerKeys, type IssuerKeyItem } from "./issuer-keys.ts";
export {
  type Found,
  findInstances,
  findResources,
  findWorkloads,
  type InstanceItem,
  type ResourceItem,
  type WorkloadItem,
} from "./lists.ts";
export { type Published, publishJwks } from "./publish-jwks.ts";
export { type Answer, type Answers, readAll, readFrom, readPages } from "./read.ts";
export { readRosterFile, readText } from "./roster-file.ts";
export { signRoster, signStatement } from "./sign.ts";
export { type Refusal, type Submitted, state, submit } from "./submit.ts";
export { type MadeTicket, makeTicket } from "./ticket.ts";
