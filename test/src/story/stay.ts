import { SPIFFE_ID, type Stage } from "./stage.ts";

/** What to try on the cluster that stays up. */
export function playWith({ cluster, dir, api }: Stage): string {
  const at = `--dir ${cluster.dir}`;
  return [
    "",
    `The cluster stays up (issuer ${cluster.issuer}). From this checkout, try:`,
    `  npx ipse-oracle instance list ${at}`,
    `  npx ipse-oracle evidence verify ${dir}/evidence.bin --roster ${cluster.roster}`,
    `  npx ipse-oracle ticket create ${SPIFFE_ID} ${at}      # prints a join URI`,
    `  npx ipse-agent enroll --join URI --dir ${dir}/mine && npx ipse-agent run --dir ${dir}/mine &`,
    `  npx ipse-agent sign --file package.json --dir ${dir}/mine`,
    `  npx ipse-agent token --resource ${api.resource} --dir ${dir}/mine`,
    `  cp -r ${dir}/mine ${dir}/twin && npx ipse-agent run --dir ${dir}/twin &`,
    `  npx ipse-agent status --dir ${dir}/agent               # the original of the story, revoked`,
    "Stop with Ctrl-C: everything under the directory above goes with it.",
  ].join("\n");
}
