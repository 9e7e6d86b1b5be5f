import { type Tally, tallyJson } from "../campaign/index.ts";
import type { Row } from "../compare/compare.ts";
import { duration } from "../compare/compare.ts";
import { ATTACK_NAMES } from "../compare/params.ts";
import { xml } from "./svg.ts";

export interface Pictures {
  readonly swimlane: string;
  readonly swimlaneOf: string;
  readonly distribution: string;
  readonly exposure: string;
  readonly axes: string;
}

const STYLE = `
:root{--ink:#1d2530;--soft:#5b6775;--rule:#d9dee5;--victim:#1f5fa8;--copy:#b4332c;--good:#2a7a4b}
*{box-sizing:border-box}
body{margin:0 auto;padding:28px 24px 60px;max-width:1240px;color:var(--ink);background:#fff;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
h1{font-size:29px;margin:0 0 4px}h2{font-size:21px;margin:40px 0 4px}
p{max-width:78ch;margin:4px 0 12px}.lead{color:var(--soft)}
svg{width:100%;height:auto;display:block;border:1px solid var(--rule);border-radius:6px;background:#fff}
svg text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:var(--ink)}
svg .small,svg .tick{font-size:13px;fill:var(--soft)}svg .lane,svg .row{font-weight:600}
svg .step-name{paint-order:stroke;stroke:#fff;stroke-width:3px}
svg .lane.victim{fill:var(--victim)}svg .lane.copy{fill:var(--copy)}
svg .axis{font-size:14px;fill:var(--soft)}svg .grid{stroke:var(--rule)}svg .rail{stroke:#b9c2cd}
svg .moment{stroke:#8793a1;stroke-dasharray:4 4}
svg .arrow{fill:none;stroke-width:1.6}svg .arrow.victim{stroke:var(--victim)}svg .arrow.copy{stroke:var(--copy)}svg .arrow.other{opacity:.28}
svg .vote{stroke:#fff;stroke-width:1}svg .vote.victim{fill:var(--victim)}svg .vote.copy{fill:var(--copy)}
svg .refused{fill:#fff;stroke:var(--copy);stroke-width:2}svg .fork{fill:#e0a100;stroke:#6b4d00}
svg .bar{fill:#6d94c0}svg .mark{stroke:var(--copy);stroke-width:2}
svg .curve{fill:none;stroke-width:2.5}svg .p50{stroke:var(--victim)}svg .p99{stroke:var(--copy)}svg .dot.p50{fill:var(--victim)}svg .dot.p99{fill:var(--copy)}
svg .model{fill:#7b8896}svg .model.ipse{fill:var(--good)}svg .name.ipse{font-weight:700;fill:var(--good)}svg line.lead{stroke:#c3cad3}
table{border-collapse:collapse;width:100%;font-size:14px;margin-top:8px}th,td{text-align:left;padding:4px 8px;border-bottom:1px solid var(--rule);vertical-align:top}td:first-child{overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft)}td.num{text-align:right;font-variant-numeric:tabular-nums}
.bad{color:var(--copy);font-weight:600}.legend{color:var(--soft);font-size:14px;margin:6px 0 0}
footer{margin-top:40px;color:var(--soft);font-size:14px}
@page{size:A4 landscape;margin:12mm}
@media print{table{font-size:12px}body{padding:0;max-width:none}h2{break-after:avoid}svg,tr{break-inside:avoid}section{break-inside:avoid-page}}
`;

interface ScenarioRow {
  readonly name: string;
  readonly expected: string;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly detection_ms: { readonly p50: number | null; readonly p99: number | null };
  readonly clone_signatures_max: number;
}

function scenarioTable(tally: Tally, seed: string): string {
  const { scenarios } = tallyJson(tally, seed, 1, 1) as { scenarios: readonly ScenarioRow[] };
  const rows = scenarios.map(
    ({ name, expected, outcomes, detection_ms: { p50, p99 }, clone_signatures_max: stolen }) => {
      const codes = Object.entries(outcomes)
        .map(([code, runs]) => `${code} ${runs}`)
        .join(", ");
      const time = (ms: number | null): string => (ms === null ? "" : duration(ms));
      return `<tr><td>${xml(name)}</td><td>${xml(expected.replaceAll("|", " or "))}</td><td>${xml(codes)}</td><td class="num">${time(p50)}</td><td class="num">${time(p99)}</td><td class="num">${stolen}</td></tr>`;
    },
  );
  return `<table id="scenarios"><thead><tr><th>attack or fault</th><th>expected</th><th>what happened</th><th>found after, p50</th><th>p99</th><th>signatures of copies, max</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function compareTable(rows: readonly Row[]): string {
  const [first] = rows;
  const heads = (first?.cells ?? []).map(({ attack }) => `<th>${xml(ATTACK_NAMES[attack])}</th>`).join("");
  const body = rows.map(({ name, cells, source }) => {
    const columns = cells.map(
      (one) =>
        `<td>${duration(one.usable_p50_ms)}${one.detected_share > 0 ? "<br><small>found</small>" : ""}</td>`,
    );
    return `<tr><td>${xml(name)}<br><small>${xml(source)}</small></td>${columns.join("")}</tr>`;
  });
  return `<table id="comparison"><thead><tr><th>model, and where its parameters come from</th>${heads}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

/** The whole report: one file that fetches nothing, pictures first. */
export function page(pictures: Pictures, tally: Tally, rows: readonly Row[], seed: string): string {
  const deviations = tally.misses + tally.falseRevocations + tally.unexpected;
  const verdict =
    deviations === 0 ? "everything ended as expected" : `<span class="bad">${deviations} deviations</span>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Ipse under attack</title><style>${STYLE}</style></head><body>
<h1>What happens when a workload is cloned</h1>
<p class="lead">${tally.runs} simulated runs of the production machines from seed ${xml(seed)}: ${verdict}.</p>
<section><h2>One run: ${xml(pictures.swimlaneOf)}</h2>
<p>Each lane is a process; the band in it is the newest share version it holds. Lines are steps on their way, named by kind and number (blue: victim, red: copy; pale: round two and certificates), dots are votes, rings refusals, stars fork evidence: two different steps of one number. Silences are folded.</p>${pictures.swimlane}</section>
<section><h2>How long until a copy is found</h2>
<p>From the copy's first step to the first durable suspension. A copy that meets its victim is found at once; otherwise at the victim's next contact, which heartbeats bound. Red lines: median and 99th percentile.</p>${pictures.distribution}</section>
<section><h2>What a heartbeat interval costs</h2>
<p>Signatures a copy obtains when it signs once a second beside an idle victim, until the victim's heartbeat.</p>${pictures.exposure}</section>
<section><h2>Beside other ways to authenticate a workload</h2>
<p>Measured: the same thefts against small models of each way, and against the machines of Ipse. Nobody is assumed to notice a theft by other means.</p>${pictures.axes}</section>
<h2>Usable time of what was stolen, median</h2>${compareTable(rows)}
<h2>All attacks and faults</h2>
<p>HARD: revoked by signed evidence. SOFT: suspended, an operator decides. IDEM: nothing but repetition. PREV: could not be certified or signed. NONE: provably undetectable. ALERT: refused, and somebody is told.</p>${scenarioTable(tally, seed)}
<footer>Limits that no protocol removes: a passive copy cannot be seen; a dead or cut-off victim hides its copy until its next contact; neither copy can be shown to be the genuine one, so both stop.</footer>
</body></html>
`;
}
