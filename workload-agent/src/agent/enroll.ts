import { setTimeout as sleep } from "node:timers/promises";
import { equalBytes, IpseError, toHex, zeroize } from "@ipse/protocol";
import type { StateFile } from "@ipse/protocol/host";
import {
  checkJoinSeed,
  type Join,
  parseJoinUri,
  type SignedRoster,
  verifyTicket,
} from "@ipse/protocol/registry";
import { type DurableState, decodeState } from "@ipse/protocol/session/workload";
import type { IdentityReport } from "../api/service.ts";
import { fetchEndpointStatements, fetchRoster } from "../links/index.ts";
import { sentenceOf } from "../outcome.ts";
import {
  type Cluster,
  type DirectoryState,
  decodeCluster,
  directoryState,
  encodeCluster,
  eraseEndpoints,
  eraseStateFile,
  lockDirectory,
  openDirectory,
  readStateFile,
  saveEndpoints,
} from "../state/index.ts";
import { identityReport } from "./identity.ts";
import type { Platform } from "./platform.ts";
import { InstanceSession, type SessionView } from "./session.ts";

export interface EnrollOptions {
  readonly platform: Platform;
  readonly dir: string;
  readonly joinUri: string;
  /** Everything together; then ERR_QUORUM_UNREACHABLE. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const ROSTER_TRIES = 3;
const ROSTER_RETRY_MS = 700;
const LOOK_MS = 50;
/** A moment for the certificates that were just sent. */
const PARTING_MS = 150;

/** The first oracle of the join URI that serves the pinned roster. */
async function findRoster(join: Join): Promise<SignedRoster> {
  for (let tries = 1; ; tries++) {
    try {
      return await Promise.any(join.bootstrap.map((entry) => fetchRoster(entry, join.rosterHash)));
    } catch (error) {
      if (!(error instanceof AggregateError)) throw error;
      const causes = error.errors.filter((one): one is IpseError => one instanceof IpseError);
      // A wrong key or a wrong roster says more than an oracle that is away.
      const telling = causes.find((one) => !/^ERR_LINK_(CONNECT|REGISTRY)$/.test(one.code));
      if (telling !== undefined) throw telling;
      const why = causes[0]?.message ?? "no answer";
      if (tries === ROSTER_TRIES)
        throw new IpseError("ERR_QUORUM_UNREACHABLE", `no oracle of the join URI could be reached (${why})`);
      await sleep(ROSTER_RETRY_MS);
    }
  }
}

/** Resolves with the first view for which `settled` holds. Throws what the machine failed with, or ERR_QUORUM_UNREACHABLE at the deadline. */
async function settledView(
  running: Running,
  settled: (view: SessionView) => boolean,
  deadlineMs: number,
  nowMs: () => number,
): Promise<SessionView> {
  const { session } = running;
  for (;;) {
    const failure = running.failure();
    if (failure !== undefined) throw failure;
    const { view } = session;
    if (settled(view)) return view;
    if (nowMs() > deadlineMs) {
      const problems = session.links.flatMap(({ id, problem }) =>
        problem === null ? [] : `oracle ${id}: ${problem}`,
      );
      const why = problems.length === 0 ? "the oracles do not answer" : problems.join("; ");
      throw new IpseError("ERR_QUORUM_UNREACHABLE", `no quorum of oracles in time (${why})`);
    }
    await sleep(LOOK_MS);
  }
}

interface Running {
  readonly session: InstanceSession;
  readonly stop: () => Promise<void>;
  /** What made the machine fail for good; undefined while it runs. */
  readonly failure: () => Error | undefined;
}

function startSession(
  options: EnrollOptions,
  cluster: Cluster,
  stateFile: DirectoryState,
  join?: Join,
  fresh = false,
): Running {
  let failure: Error | undefined;
  // An old state is not erased but replaced, by the first save of the new one: a failure before that loses nothing.
  const file: StateFile = fresh ? { load: () => undefined, save: stateFile.save } : stateFile;
  const ticket = join === undefined ? undefined : { ticket: join.signedTicket, ticketSeed: join.seed };
  const session = new InstanceSession({
    platform: options.platform,
    dir: options.dir,
    cluster,
    stateFile: file,
    join: ticket,
    onStatus: () => {},
    onFatal: (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    },
  });
  session.start();
  const stop = async () => {
    await sleep(PARTING_MS);
    session.stop();
    await stateFile.idle();
  };
  return { session, stop, failure: () => failure };
}

/** Whether an instance that looks alive from here is over in the eyes of the oracles. */
async function isOver(options: EnrollOptions, cluster: Cluster, deadlineMs: number): Promise<boolean> {
  const { platform, dir } = options;
  const running = startSession(options, cluster, directoryState(dir, encodeCluster(cluster)));
  const known = ({ mode }: SessionView) => mode === "dead" || mode === "running" || mode === "quarantined";
  try {
    const view = await settledView(running, known, deadlineMs, () => platform.clock.monotonicMs());
    return view.mode === "dead";
  } finally {
    await running.stop();
  }
}

type Place = { readonly kind: "free" } | { readonly kind: "resume"; readonly cluster: Cluster };

function sameTicket(durable: DurableState, join: Join): boolean {
  const { phase } = durable;
  return phase.kind === "enrolling" && equalBytes(phase.ticket.ticket.id, join.signedTicket.ticket.id);
}

/** What stands in the directory: nothing or something that is over, or this very enrollment. Throws ERR_ALREADY_ENROLLED. */
async function inspect(options: EnrollOptions, join: Join, deadlineMs: number): Promise<Place> {
  const parts = readStateFile(options.dir);
  if (parts === undefined) return { kind: "free" };
  const durable = decodeState(parts.state);
  zeroize(parts.state);
  const { phase } = durable;
  const cluster = decodeCluster(parts.cluster);
  if (phase.kind === "enrolling")
    return sameTicket(durable, join) ? { kind: "resume", cluster } : { kind: "free" };
  if (phase.kind === "dead") return { kind: "free" };
  const instance = toHex(phase.head.signed.header.instance);
  const over = await isOver(options, cluster, deadlineMs).catch((error: unknown) => {
    if (error instanceof IpseError && error.code === "ERR_QUORUM_UNREACHABLE") return undefined;
    throw error;
  });
  if (over === true) return { kind: "free" };
  const doubt = over === undefined ? ", and its oracles cannot be asked whether it still is" : "";
  throw new IpseError(
    "ERR_ALREADY_ENROLLED",
    `instance ${instance} is enrolled in ${options.dir}${doubt}; end it first (ipse-agent leave --dir), or use another directory`,
  );
}

async function newCluster(platform: Platform, join: Join): Promise<Cluster> {
  const roster = await findRoster(join);
  verifyTicket(platform.group, roster.roster, join.signedTicket);
  const { bootstrap, heartbeatMs } = join;
  return { version: 1, roster, bootstrap, heartbeatMs };
}

/** Keeps where the oracles are from now on; without it the join URI's addresses do for a start. */
async function keepEndpoints({ platform, dir }: EnrollOptions, cluster: Cluster): Promise<void> {
  const { roster } = cluster.roster;
  const asked = cluster.bootstrap.map((entry) => fetchEndpointStatements(entry, platform.group, roster));
  const statements = await Promise.any(asked).catch(() => []);
  await saveEndpoints(dir, statements);
}

async function enrollInside(options: EnrollOptions, join: Join): Promise<IdentityReport> {
  const { platform, dir } = options;
  const nowMs = () => platform.clock.monotonicMs();
  const deadlineMs = nowMs() + (options.timeoutMs ?? TIMEOUT_MS);
  const place = await inspect(options, join, Math.min(deadlineMs, nowMs() + 15_000));
  const fresh = place.kind === "free";
  // The newer join URI may know newer addresses.
  const cluster = fresh ? await newCluster(platform, join) : { ...place.cluster, bootstrap: join.bootstrap };
  if (fresh) eraseEndpoints(dir);
  const stateFile = directoryState(dir, encodeCluster(cluster));
  const running = startSession(options, cluster, stateFile, join, fresh);
  try {
    const done = ({ mode }: SessionView) => mode !== "enrolling";
    const view = await settledView(running, done, deadlineMs, nowMs);
    if (view.mode === "dead" || view.enrollment === undefined) {
      const code = view.code ?? "ERR_ENROLL_REFUSED";
      await stateFile.idle();
      eraseStateFile(dir);
      throw new IpseError(code, `the enrollment failed: ${sentenceOf(code)}`);
    }
    await keepEndpoints(options, cluster).catch(() => undefined);
    return identityReport(platform.group, cluster.roster.roster, view.enrollment);
  } finally {
    await running.stop();
  }
}

/**
 * Enrolls an instance into a directory. What stands there is replaced when it is over (revoked, ended, stale) and
 * refused while it lives; an interrupted enrollment with the same ticket goes on where it was.
 * Throws ERR_JOIN_URI, ERR_ALREADY_ENROLLED, ERR_AGENT_RUNNING, ERR_QUORUM_UNREACHABLE, ERR_TICKET_*, ERR_STATE_*.
 */
export async function enroll(options: EnrollOptions): Promise<IdentityReport> {
  const join = parseJoinUri(options.joinUri);
  try {
    checkJoinSeed(options.platform.group, join);
    const dir = openDirectory(options.dir, true);
    const lock = await lockDirectory(dir);
    try {
      return await enrollInside({ ...options, dir }, join);
    } finally {
      lock.release();
    }
  } finally {
    zeroize(join.seed);
  }
}
