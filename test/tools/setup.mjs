// Brings a checkout to the point where everything can run: dependencies installed, packages built.
// Plain JavaScript on node builtins only, because it runs before anything is installed.
// Fast when nothing changed: installing is skipped while the manifests hash to what the last install stored,
// and the build is incremental.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const stampFile = join(root, "node_modules/.ipse-setup");
const lockDir = join(root, ".ipse-setup.lock");
const tsc = join(root, "node_modules/typescript/bin/tsc");

const note = (text) => process.stderr.write(`setup: ${text}\n`);

const readIfThere = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");

const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

function hashOf(files, seed) {
  const hash = createHash("sha256").update(seed);
  for (const file of files) hash.update(`\0${file}\0${readIfThere(join(root, file))}`);
  return hash.digest("hex");
}

/** What an install depends on. */
const manifestHash = () =>
  hashOf(
    [".npmrc", "package-lock.json", "package.json", ...workspaces.map((name) => `${name}/package.json`)],
    `${process.platform}-${process.arch}-${process.versions.modules}`,
  );

/** What a build depends on besides sources: tsc -b keeps errors it cached under other options or other types. */
const compilerHash = () =>
  hashOf(
    ["tsconfig.base.json", "tsconfig.json", ...workspaces.map((name) => `${name}/tsconfig.json`)],
    manifestHash(),
  );

let child;

/** Runs a command; its output is shown only if it fails. Resolves to whether it succeeded. */
function run(command, args) {
  return new Promise((resolve) => {
    let output = "";
    child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: childEnv() });
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => (output += `${error.message}\n`));
    child.on("close", (code) => {
      if (code !== 0) process.stderr.write(output);
      resolve(code === 0);
    });
  });
}

/** npm hands its own flags on through the environment; `npm start --json` must not change the install. */
function childEnv() {
  const env = { ...process.env };
  for (const flag of ["json", "dry_run", "workspace", "workspaces", "omit", "only", "production", "global"]) {
    delete env[`npm_config_${flag}`];
  }
  return env;
}

/** --no-save: a checkout stays clean, whichever npm is at hand (npm 10 would rewrite a lockfile of npm 11). */
function install() {
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--include=dev", "--include=optional"];
  const npmCli = process.env.npm_execpath;
  return npmCli?.endsWith("npm-cli.js") ? run(process.execPath, [npmCli, ...args]) : run("npm", args);
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** A lock left by a setup that was killed: its process is gone, or it died before it could write its pid. */
function isStale() {
  const pid = Number(readIfThere(join(lockDir, "pid")));
  if (pid > 0) return !isAlive(pid);
  const age = Date.now() - (statSync(lockDir, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > 5000;
}

async function acquireLock() {
  for (let waited = false; ; waited = true) {
    try {
      mkdirSync(lockDir);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isStale()) {
      rmSync(lockDir, { recursive: true, force: true });
      continue;
    }
    if (!waited) note("waiting for another setup in this checkout");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  writeFileSync(join(lockDir, "pid"), String(process.pid));
  process.on("exit", () => rmSync(lockDir, { recursive: true, force: true }));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    child?.kill(signal);
    process.exit(1);
  });
}

await acquireLock();

const [installed, built] = readIfThere(stampFile).split("\n");

if (!existsSync(tsc) || installed !== manifestHash()) {
  note("installing dependencies");
  if (!(await install())) {
    note("npm install failed");
    process.exit(1);
  }
  writeFileSync(stampFile, `${manifestHash()}\n`);
}

const optionsChanged = built !== compilerHash();
if (optionsChanged) rmSync(join(root, "node_modules/.cache/tsconfig.test.tsbuildinfo"), { force: true });
if (!(await run(process.execPath, [tsc, "-b", ...(optionsChanged ? ["--force"] : [])]))) {
  note("the build failed");
  process.exit(1);
}
if (optionsChanged) writeFileSync(stampFile, `${manifestHash()}\n${compilerHash()}`);
