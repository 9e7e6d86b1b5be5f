import type { RunResult, TraceEvent } from "../campaign/index.ts";
import { label, line, n, picture, tag, xml } from "./svg.ts";

const WIDTH = 1180;
const LEFT = 92;
const RIGHT = 24;
const LANE = 62;
const TOP = 88;
const MESSAGES_MAX = 90;

const VERSION_COLORS = ["#c7d7ea", "#9ec3a8", "#f0cf8b", "#c9b3dc", "#e3a9a0", "#a3cfd6"];

interface Span {
  readonly from: number;
  readonly to: number;
  readonly version: number;
}

/** The part of a run worth drawing: from just before the copy to just after the evidence. */
function windowOf(events: readonly TraceEvent[]): [number, number] {
  const copied = events.find(
    ({ text }) => text.includes("memory image") || text.includes("without safe start"),
  );
  const found = events.find(({ text }) => text === "fork.detected");
  const at = copied?.atMs ?? 0;
  // The last ratchet before the copy belongs in the picture: it is what made the copied share the current one.
  const ratchets = events.filter(
    ({ text, atMs, kind }) => kind === "sent" && / heartbeat | ratchet /.test(text) && atMs < at,
  );
  const start = Math.max(0, (ratchets.at(-1)?.atMs ?? at - 160) - 20);
  const end = (found?.atMs ?? events.at(-1)?.atMs ?? 1000) + 60;
  return [start, end];
}

/** Time on the x axis, with long silences folded so that every message stays legible. */
function timeScale(events: readonly TraceEvent[]): (atMs: number) => number {
  const times = [...new Set(events.map(({ atMs }) => atMs))].sort((a, b) => a - b);
  const widths = times.map((time, i) =>
    i === 0 ? 0 : 0.9 + Math.min(3, Math.sqrt(time - (times[i - 1] ?? time)) / 3),
  );
  const total = widths.reduce((sum, width) => sum + width, 0) || 1;
  const at: number[] = [];
  let x = LEFT + 6;
  for (const width of widths) {
    x += (width / total) * (WIDTH - LEFT - RIGHT - 12);
    at.push(x);
  }
  return (atMs) => {
    let i = times.findIndex((time) => time >= atMs);
    if (i < 0) i = times.length - 1;
    return at[i] ?? LEFT;
  };
}

function newestVersion(text: string): number | undefined {
  const shares = /shares ([\d,]+)/.exec(text)?.[1] ?? / v(\d+)/.exec(text)?.[1];
  return shares === undefined ? undefined : Math.max(...shares.split(",").map(Number));
}

/** The version held before a change: an oracle keeps the old share beside the new one, a workload starts with what it says. */
function versionBefore({ text }: TraceEvent): number | undefined {
  const shares = /shares ([\d,]+)/.exec(text)?.[1];
  if (shares === undefined) return newestVersion(text);
  const [newest, older] = shares
    .split(",")
    .map(Number)
    .sort((a, b) => b - a);
  return older ?? newest;
}

function spansOf(all: readonly TraceEvent[], who: string, start: number, end: number): Span[] {
  const changes = all.filter((event) => event.who === who && event.kind === "durable" && event.atMs <= end);
  const spans: Span[] = [];
  let from = start;
  const [first] = changes;
  const copied = who.startsWith("copy");
  let version = first === undefined || copied ? undefined : versionBefore(first);
  for (const { atMs, text } of changes) {
    const next = newestVersion(text);
    if (next === undefined) continue;
    if (version !== undefined && next !== version && atMs > start) {
      spans.push({ from, to: atMs, version });
      from = Math.max(start, atMs);
    }
    if (version === undefined) from = Math.max(start, atMs);
    version = next;
  }
  if (version !== undefined) spans.push({ from, to: end, version });
  return spans;
}

function lanes(
  names: readonly string[],
  all: readonly TraceEvent[],
  range: [number, number],
  x: (ms: number) => number,
): string {
  return names
    .map((name, i) => {
      const y = TOP + i * LANE;
      const bars = spansOf(all, name, range[0], range[1]).map(({ from, to, version }) => {
        const width = Math.max(2, x(to) - x(from));
        const color = VERSION_COLORS[version % VERSION_COLORS.length] ?? "#ddd";
        const text = width > 28 ? label(x(from) + 5, y + 4, `v${version}`, { class: "small" }) : "";
        return tag("rect", { x: x(from), y: y - 9, width, height: 18, rx: 3, fill: color }) + text;
      });
      const role = name === "victim" ? "victim" : name.startsWith("copy") ? "copy" : "oracle";
      return (
        label(LEFT - 12, y + 4, name, { class: `lane ${role}`, "text-anchor": "end" }) +
        line(LEFT, y, WIDTH - RIGHT, y, { class: "rail" }) +
        bars.join("")
      );
    })
    .join("");
}

/** The swimlanes of a run: who held which share version, which step went where, and where the fork was seen. */
export function swimlane(result: RunResult): string {
  const [start, end] = windowOf(result.trace);
  const shown = result.trace.filter(({ atMs }) => atMs >= start && atMs <= end);
  const names = [
    "victim",
    ...new Set(result.trace.filter(({ who }) => who.startsWith("copy")).map(({ who }) => who)),
    ...new Set(result.trace.filter(({ who }) => /^o\d+$/.test(who)).map(({ who }) => who)),
  ].filter((name, i, list) => list.indexOf(name) === i);
  const y = (name: string): number => TOP + names.indexOf(name) * LANE;
  const x = timeScale(shown);
  const messages = shown
    .filter(({ kind, to }) => (kind === "sent" || kind === "said") && to !== undefined && names.includes(to))
    .slice(0, MESSAGES_MAX);
  const arrows = messages
    .filter(({ kind }) => kind === "sent")
    .map(({ atMs, who, to, text }) => {
      const from = who.startsWith("copy") ? "copy" : "victim";
      const dim = text.startsWith("STEP") ? "step" : "other";
      return tag(
        "path",
        {
          d: `M${n(x(atMs))} ${n(y(who))} L${n(x(atMs) + 16)} ${n(y(to ?? who))}`,
          class: `arrow ${from} ${dim}`,
        },
        `<title>${xml(`${Math.round(atMs)} ms: ${who} to ${to ?? ""}: ${text}`)}</title>`,
      );
    });
  const marks = messages
    .filter(({ kind, text }) => kind === "said" && (text.startsWith("VOTE") || text.startsWith("refused")))
    .map(({ atMs, who, text, to }) => {
      const kind = text.startsWith("VOTE")
        ? `vote ${to?.startsWith("copy") === true ? "copy" : "victim"}`
        : "refused";
      return tag(
        "circle",
        { cx: x(atMs), cy: y(who), r: 4, class: kind },
        `<title>${xml(`${Math.round(atMs)} ms: ${who}: ${text}`)}</title>`,
      );
    });
  const forks = shown
    .filter(({ text }) => text === "fork.detected")
    .map(({ atMs, who }) =>
      tag("path", { d: star(x(atMs), y(who), 9), class: "fork" }, "<title>fork evidence</title>"),
    );
  const steps = stepNames(messages).map(({ atMs, who, text }) =>
    label(x(atMs), y(who) - 15, text, { class: "small step-name", "text-anchor": anchorOf(x(atMs)) }),
  );
  const bottom = TOP + names.length * LANE - LANE / 2;
  const moments = [...momentsOf(shown)].map(
    ({ atMs, text }, i) =>
      line(x(atMs), TOP - 42, x(atMs), bottom, { class: "moment" }) +
      label(anchored(x(atMs)), 22 + (i % 2) * 17, `${text} (${Math.round(atMs)} ms)`, {
        class: "small",
        "text-anchor": anchorOf(x(atMs)),
      }),
  );
  const content =
    lanes(names, result.trace, [start, end], x) +
    moments.join("") +
    arrows.join("") +
    marks.join("") +
    forks.join("") +
    steps.join("");
  return picture("swimlanes", WIDTH, bottom + 14, `Swimlanes of ${result.scenario}`, content);
}

/** The name of each step where its proposer first sends it: number and kind. Two headers of one number are the fork. */
function stepNames(messages: readonly TraceEvent[]): { atMs: number; who: string; text: string }[] {
  const named = new Set<string>();
  return messages.flatMap(({ atMs, who, kind, text }) => {
    const step = /^STEP (\d+) (\w+)/.exec(text);
    if (kind !== "sent" || step === null || named.has(`${who}/${step[1]}`)) return [];
    named.add(`${who}/${step[1]}`);
    return [{ atMs, who, text: `${step[2]} ${step[1]}` }];
  });
}

function anchorOf(x: number): string {
  if (x < LEFT + 130) return "start";
  return x > WIDTH - 170 ? "end" : "middle";
}

function anchored(x: number): number {
  return Math.min(WIDTH - 4, Math.max(LEFT - 80, x));
}

function momentsOf(shown: readonly TraceEvent[]): { atMs: number; text: string }[] {
  const wanted: [(event: TraceEvent) => boolean, string][] = [
    [({ text }) => text.includes("memory image") || text.includes("without safe start"), "state copied"],
    [({ who, text }) => who.startsWith("copy") && text.startsWith("STEP"), "copy acts"],
    [({ text }) => text === "fork.detected", "evidence"],
  ];
  return wanted.flatMap(([is, text]) => {
    const found = shown.find(is);
    return found === undefined ? [] : [{ atMs: found.atMs, text }];
  });
}

function star(cx: number, cy: number, r: number): string {
  const points = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? r : r * 0.45;
    const angle = (Math.PI / 5) * i - Math.PI / 2;
    return `${n(cx + radius * Math.cos(angle))} ${n(cy + radius * Math.sin(angle))}`;
  });
  return `M${points.join(" L")} Z`;
}
