import { join } from "node:path";
import { IpseError } from "@ipse/protocol";
import { parseStrictJson, parseWith } from "@ipse/protocol/encoding";
import { z } from "zod";
import { TOKEN_MODES } from "../config/index.ts";
import { readSecretFile, writeSecretFile } from "../keys/index.ts";

/** Where everything of a dev cluster lies. */
export interface DevLayout {
  readonly dir: string;
  readonly stateFile: string;
  readonly lockDir: string;
  readonly operatorKeyFile: string;
  readonly rosterFile: string;
  oracleDir(id: number): string;
  configFile(id: number): string;
  logFile(id: number): string;
}

export function devLayout(dir: string): DevLayout {
  const oracleDir = (id: number): string => join(dir, `oracle-${id}`);
  return {
    dir,
    stateFile: join(dir, "dev.json"),
    lockDir: join(dir, "lock"),
    operatorKeyFile: join(dir, "operator.jwk"),
    rosterFile: join(dir, "roster.json"),
    oracleDir,
    configFile: (id) => join(oracleDir(id), "oracle.yaml"),
    logFile: (id) => join(oracleDir(id), "oracle.log"),
  };
}

const port = z.int().min(1).max(65535);
const devState = z.strictObject({
  version: z.literal(1),
  quorum: z.int(),
  heartbeat_ms: z.int().min(100),
  token_mode: z.enum(TOKEN_MODES).default("threshold"),
  /** For mode local. */
  token_alg: z.enum(["EdDSA", "ES256"]).default("EdDSA"),
  /** By oracle, 1..n. */
  ports: z.array(z.strictObject({ public: port, local: port })).min(1),
});
export type DevState = z.output<typeof devState>;
export type OraclePorts = DevState["ports"][number];

/** Reads dev.json. Throws ERR_DEV_STATE or ERR_CONFIG, naming the file. */
export function readDevState(layout: DevLayout): DevState {
  const text = readSecretFile(layout.stateFile);
  try {
    return parseWith(devState, parseStrictJson(text), "ERR_DEV_STATE");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unreadable";
    throw new IpseError("ERR_DEV_STATE", `${layout.stateFile}: ${why}`, { cause });
  }
}

export function writeDevState(layout: DevLayout, state: DevState): void {
  writeSecretFile(layout.stateFile, `${JSON.stringify(state, null, 2)}\n`, true);
}

export const DEV_HOST = "127.0.0.1";

/** Session, registry and OAuth of a dev oracle share one plaintext loopback address. */
export function publicUrl(ports: OraclePorts): string {
  return `http://${DEV_HOST}:${ports.public}`;
}

export function localUrl(ports: OraclePorts): string {
  return `http://${DEV_HOST}:${ports.local}`;
}
