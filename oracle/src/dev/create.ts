import { existsSync, mkdirSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import {
  checkRoster,
  NO_PREVIOUS,
  type Roster,
  rosterToJson,
  type SignedStatement,
} from "@ipse/protocol/registry";
import { stringify } from "yaml";
import type { ConfigInput } from "../config/index.ts";
import {
  newSigningKey,
  readSigningKey,
  type SigningKey,
  writeSecretFile,
  writeSigningKey,
} from "../keys/index.ts";
import { readRosterFile } from "../operator/roster-file.ts";
import { signRoster, signStatement } from "../operator/sign.ts";
import { DEV_HOST, type DevLayout, type DevState, publicUrl, writeDevState } from "./layout.ts";

export const DEV_TRUST_DOMAIN = "dev.ipse";
const VALID_MS = 10 * 365 * 24 * 60 * 60 * 1000;
const NO_PIN = new Uint8Array(32);

/** The largest b that n and q allow; negative when they allow none. */
export function byzantineMaxOf(oracles: number, quorum: number): number {
  return Math.min(2 * quorum - oracles - 1, oracles - quorum);
}

function endpoints(
  group: Group,
  roster: Roster,
  operator: SigningKey,
  state: DevState,
  nowMs: number,
): SignedStatement[] {
  return state.ports.map((ports, index) => {
    const url = publicUrl(ports);
    const payload = {
      kind: "endpoint",
      oracle: index + 1,
      sessionUrl: url,
      oauthUrl: url,
      tlsPin: NO_PIN,
    } as const;
    return signStatement(group, roster, [operator], payload, nowMs);
  });
}

function writeConfigs(layout: DevLayout, state: DevState): void {
  state.ports.forEach((ports, index) => {
    const id = index + 1;
    const config: ConfigInput = {
      version: 1,
      oracle: id,
      rosters: ["../roster.json"],
      session: { listen: `${DEV_HOST}:${ports.public}` },
      local: { listen: `${DEV_HOST}:${ports.local}` },
      tokens: { mode: state.token_mode, alg: state.token_alg },
    };
    writeSecretFile(layout.configFile(id), stringify(config), true);
  });
}

function devRoster(
  operator: SigningKey,
  voteKeys: readonly SigningKey[],
  state: DevState,
  nowMs: number,
): Roster {
  const [first] = state.ports;
  if (first === undefined) throw new IpseError("ERR_USAGE", "a cluster needs oracles");
  const roster: Roster = {
    version: 1,
    trustDomain: DEV_TRUST_DOMAIN,
    issuer: publicUrl(first),
    serial: 1,
    previous: NO_PREVIOUS,
    operators: [
      {
        name: "dev",
        publicKey: operator.publicKey,
        roles: ["mint", "contain"],
        notBeforeMs: nowMs - 60_000,
        notAfterMs: nowMs + VALID_MS,
      },
    ],
    mintThreshold: 1,
    oracles: voteKeys.map(({ publicKey }, index) => ({ id: index + 1, voteKey: publicKey })),
    quorum: state.quorum,
    byzantineMax: byzantineMaxOf(voteKeys.length, state.quorum),
  };
  checkRoster(roster);
  return roster;
}

/**
 * Writes a new dev cluster. The state file comes last: a directory without it was never finished.
 * Throws ERR_DEV_DIR when the directory holds something else.
 */
export function createDevDir(group: Group, layout: DevLayout, state: DevState, nowMs: number): void {
  if (existsSync(layout.rosterFile) || existsSync(layout.operatorKeyFile))
    throw new IpseError(
      "ERR_DEV_DIR",
      `${layout.dir} holds an unfinished or foreign cluster; remove it or choose another --dir`,
    );
  const operator = newSigningKey(group);
  const voteKeys = state.ports.map(() => newSigningKey(group));
  const roster = devRoster(operator, voteKeys, state, nowMs);
  writeSigningKey(layout.operatorKeyFile, operator);
  voteKeys.forEach((key, index) => {
    mkdirSync(layout.oracleDir(index + 1), { recursive: true, mode: 0o700 });
    writeSigningKey(`${layout.oracleDir(index + 1)}/vote.jwk`, key);
  });
  writeConfigs(layout, state);
  const signed = signRoster(group, roster, [operator]);
  writeSecretFile(layout.rosterFile, rosterToJson(signed, endpoints(group, roster, operator, state, nowMs)));
  writeDevState(layout, state);
}

/** Moves an existing cluster to other ports: new endpoint statements, the same roster. */
export function moveDevDir(group: Group, layout: DevLayout, state: DevState, nowMs: number): void {
  const operator = readSigningKey(group, layout.operatorKeyFile);
  const { roster } = readRosterFile(layout.rosterFile);
  const moved = endpoints(group, roster.roster, operator, state, nowMs);
  writeSecretFile(layout.rosterFile, rosterToJson(roster, moved), true);
  writeConfigs(layout, state);
  writeDevState(layout, state);
}
