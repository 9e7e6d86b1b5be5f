import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { count, newTally, runOne } from "../src/campaign/index.ts";
import { buildReport } from "../src/report/build.ts";
import { SCENARIOS } from "../src/scenarios/index.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const FULL = process.env["IPSE_TEST_FULL"] === "1";
const CHARTS = ["swimlanes", "detection", "exposure", "two-axes"];

/** Measures in the browser what a person would see as ugly: text outside its picture, names on names, a page too wide. */
const MEASURE = `<script>
const problems = [];
for (const svg of document.querySelectorAll("svg")) {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")];
  for (const text of texts) {
    const box = text.getBoundingClientRect();
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
      problems.push(svg.id + ": outside: " + text.textContent);
  }
  for (const a of texts) for (const b of texts) {
    if (a === b || !(a.compareDocumentPosition(b) & 4)) continue;
    const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
    const x = Math.min(p.right, q.right) - Math.max(p.left, q.left), y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (x > 2 && y > 5) problems.push(svg.id + ": overlap: " + a.textContent + " | " + b.textContent);
  }
}
if (document.documentElement.scrollWidth > window.innerWidth) problems.push("the page is wider than the window");
const report = { charts: [...document.querySelectorAll("svg")].map((one) => [one.id, one.getBoundingClientRect().width, one.querySelectorAll("*").length]), problems };
const out = document.createElement("pre"); out.id = "measured"; out.textContent = JSON.stringify(report); document.body.append(out);
</script>`;

let made: string | undefined;

/** Built once: both tests look at the same page. */
function html(): string {
  made ??= build();
  return made;
}

function build(): string {
  const tally = newTally();
  for (const scenario of SCENARIOS) {
    if (![2, 3, 4, 5, 8, 13, 29].includes(scenario.number)) continue;
    for (let i = 0; i < 2; i++) count(tally, runOne(scenario, `report-${i}`), scenario.expected);
  }
  const swimlaneOf = SCENARIOS.find(({ name }) => name === "clone-first");
  if (swimlaneOf === undefined) throw new Error("no scenario");
  return buildReport({ seed: "1", tally, swimlaneOf, thefts: 8, exposureRuns: 1 });
}

describe("the report", () => {
  test("is one file that fetches nothing", { timeout: 300_000 }, () => {
    const page = html();
    for (const id of CHARTS) expect(page).toContain(`<svg id="${id}"`);
    expect(page).not.toMatch(/<(script|link|img|iframe)\b/);
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/(src|href)=|url\(|https?:\/\//);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  /** A screen, and the width of a printed page (A4 landscape at 96 dpi, less its margins). */
  test.each([1280, 1032])(
    "renders %i px wide without overflow or overlap",
    { timeout: 300_000 },
    (windowWidth) => {
      if (CHROMIUM === undefined) {
        process.stderr.write(
          "\n*** report: NO CHROMIUM FOUND, the rendering was NOT checked (apt-get install chromium) ***\n",
        );
        expect(FULL, "IPSE_TEST_FULL=1 needs Chromium").toBe(false);
        return;
      }
      const dir = mkdtempSync(join(tmpdir(), "ipse-report-"));
      try {
        const file = join(dir, "report.html");
        writeFileSync(file, html().replace("</body>", `${MEASURE}</body>`));
        const flags = [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
        ];
        const args = [
          ...flags,
          `--user-data-dir=${join(dir, "profile")}`,
          `--window-size=${windowWidth},2000`,
          "--dump-dom",
          `file://${file}`,
        ];
        const dom = execFileSync(CHROMIUM, args, {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
          maxBuffer: 64 * 1024 * 1024,
        });
        const measured = /<pre id="measured">(.*?)<\/pre>/s.exec(dom)?.[1] ?? "{}";
        const { charts, problems } = JSON.parse(
          measured.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
        ) as {
          charts: [string, number, number][];
          problems: string[];
        };
        expect(charts.map(([id]) => id)).toEqual(CHARTS);
        for (const [, width, parts] of charts) {
          expect(width).toBeGreaterThan(0.9 * windowWidth);
          expect(parts).toBeGreaterThan(20);
        }
        expect(problems).toEqual([]);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );
});
