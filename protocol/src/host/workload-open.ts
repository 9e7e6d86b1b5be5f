import { equalBytes } from "../bytes.ts";
import { check } from "../errors.ts";
import { type Roster, rosterHash } from "../registry/roster.ts";
import {
  DEFAULT_SETTINGS,
  type DurableState,
  decodeState,
  type JoinTicket,
  joinState,
  newState,
  type WorkloadContext,
  type WorkloadState,
} from "../session/workload/index.ts";
import type { WorkloadPorts } from "./workload-api.ts";

/** What the state file holds, or a new workload with this ticket where there is none; see WorkloadHost.open. */
export function openState(ports: WorkloadPorts, machine: string, join?: JoinTicket): WorkloadState {
  const file = ports.stateFile.load();
  const { group, roster } = ports;
  const { random } = contextOf(ports);
  const oracleCount = roster.oracles.length;
  if (file === undefined) {
    check(join !== undefined, "ERR_STATE_MISSING", "there is no instance here; enroll first");
    return newState(joinState(group, random, join, machine), oracleCount, random);
  }
  const durable = decodeState(file);
  checkRosterOf(durable, roster);
  return newState(durable, oracleCount, random);
}

/** The machine's context over these ports. */
export function contextOf(ports: WorkloadPorts): WorkloadContext {
  return {
    group: ports.group,
    roster: ports.roster,
    settings: { ...DEFAULT_SETTINGS, ...ports.settings },
    random: (count) => ports.entropy.random(count),
  };
}

function checkRosterOf({ phase }: DurableState, roster: Roster): void {
  const ticket = phase.kind === "enrolling" ? phase.ticket : phase.enrollment?.body.ticket;
  const pinned = ticket === undefined || equalBytes(ticket.ticket.rosterHash, rosterHash(roster));
  check(pinned, "ERR_STATE_ROSTER", "the instance lives under another roster");
}
