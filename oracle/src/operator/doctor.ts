import { existsSync } from "node:fs";
import { loadGroup } from "@ipse/protocol/group";
import { loadConfig } from "../config/index.ts";
import { endpointIn, pinProblem, readMaterial } from "../process/material.ts";
import { newSealingKey } from "../session-listener/hpke.ts";
import { type ClusterOptions, openCluster } from "./cluster.ts";
import { statusOf } from "./status.ts";

export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warning" | "problem";
  readonly detail: string;
}

const ok = (check: string, detail: string): Finding => ({ check, level: "ok", detail });
const warning = (check: string, detail: string): Finding => ({ check, level: "warning", detail });
const problem = (check: string, detail: string): Finding => ({ check, level: "problem", detail });

const sentence = (error: unknown): string => (error instanceof Error ? error.message : "failed");

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return fits ? ok("node", process.version) : problem("node", `${process.version}; 20.19 or newer is needed`);
}

async function group(): Promise<Finding> {
  const { group: loaded, warning: why } = await loadGroup();
  return why === undefined ? ok("group", loaded.name) : warning("group", why);
}

async function sealing(): Promise<Finding> {
  try {
    await newSealingKey();
    return ok("sealing", "X25519 in WebCrypto");
  } catch (error) {
    return problem("sealing", `no X25519 in this Node's WebCrypto: ${sentence(error)}`);
  }
}

function clock(): Finding {
  const year = new Date().getUTCFullYear();
  return year < 2025 ? problem("clock", `the clock says ${year}`) : ok("clock", new Date().toISOString());
}

function entropy(): Finding {
  return existsSync("/dev/urandom")
    ? ok("entropy", "the kernel's generator")
    : warning("entropy", "no /dev/urandom: a snapshot of this process would repeat random numbers");
}

async function config(file: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const loaded = loadConfig(file);
    findings.push(ok("config", file));
    const { group: curve } = await loadGroup();
    const { endpoints } = readMaterial(curve, loaded);
    const unreachable = pinProblem(loaded, endpointIn(endpoints, loaded.config.oracle));
    findings.push(
      unreachable === undefined
        ? ok("files", "keys, certificates and rosters")
        : problem("files", unreachable),
    );
  } catch (error) {
    findings.push(problem(findings.length === 0 ? "config" : "files", sentence(error)));
  }
  return findings;
}

async function cluster(options: ClusterOptions): Promise<Finding[]> {
  try {
    const opened = await openCluster(options);
    const { roster } = opened;
    const findings = [
      ok(
        "roster",
        `n=${roster.oracles.length} q=${roster.quorum} b=${roster.byzantineMax} m=${roster.mintThreshold}`,
      ),
    ];
    if (roster.mintThreshold === 1)
      findings.push(warning("roster", "m = 1: one operator's key alone can create identities"));
    if (roster.byzantineMax === 0) findings.push(warning("roster", "b = 0: no dishonest oracle is survived"));
    for (const { id, ready, reasons } of await statusOf(opened)) {
      const why = Object.entries(reasons).map(([part, reason]) => `${part}: ${reason}`);
      findings.push(ready ? ok(`oracle ${id}`, "ready") : problem(`oracle ${id}`, why.join("; ")));
    }
    return findings;
  } catch (error) {
    return [problem("cluster", sentence(error))];
  }
}

/** Looks at everything an oracle or its operator depends on. A cluster is asked when one is named or found. */
export async function diagnose(options: ClusterOptions & { readonly config?: string }): Promise<Finding[]> {
  const machine = [nodeVersion(), await group(), await sealing(), clock(), entropy()];
  const configured = options.config === undefined ? [] : await config(options.config);
  const named =
    options.dir !== undefined || options.roster !== undefined || existsSync("./ipse-dev/roster.json");
  const remote = named ? await cluster(options) : [];
  return [...machine, ...configured, ...remote];
}
