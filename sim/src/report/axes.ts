import { duration, type Row } from "../compare/compare.ts";
import { label, line, logScale, picture, tag } from "./svg.ts";

const WIDTH = 1180;
const HEIGHT = 640;
const LEFT = 96;
const RIGHT = 40;
const TOP = 30;
const BOTTOM = 70;
const CHAR = 7.1;
const LINE = 17;

const UNBOUNDED_MS = 3 * 365 * 86_400_000;
const TICKS_MS = [1000, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000, UNBOUNDED_MS];
const NONE_MS = 200;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function boxAt(x: number, y: number, text: string, anchor: string): Box {
  const width = text.length * CHAR;
  const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
  return { left, right: left + width, top: y - 12, bottom: y + 5 };
}

/** Finds each name a place beside its dot where it covers no other name and no dot. */
function place(
  points: readonly { x: number; y: number; text: string }[],
): { x: number; y: number; anchor: string }[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 }));
  return points.map(({ x, y, text }) => {
    const tries: [number, number, string][] = [];
    for (let ring = 0; ring < 9; ring++) {
      const d = ring * LINE;
      const beside: [number, number, string][] = [
        [x + 12, y + 4 + d, "start"],
        [x + 12, y + 4 - d, "start"],
        [x - 12, y + 4 + d, "end"],
        [x - 12, y + 4 - d, "end"],
      ];
      const stacked: [number, number, string][] = [
        [x, y - 14 - d, "middle"],
        [x, y + 24 + d, "middle"],
        [x + 8, y - 14 - d, "start"],
        [x + 8, y + 24 + d, "start"],
      ];
      // Beside the dot first; then straight above or below, where a leading line crosses least.
      tries.push(...(ring === 0 ? [...beside, ...stacked] : [...stacked, ...beside]));
    }
    const found = tries.find(([tx, ty, anchor]) => {
      const box = boxAt(tx, ty, text, anchor);
      const inside =
        box.left > LEFT - 60 && box.right < WIDTH - 6 && box.top > 4 && box.bottom < HEIGHT - BOTTOM + 6;
      return inside && !taken.some((other) => overlaps(box, other));
    }) ?? [x + 12, y + 4, "start"];
    taken.push(boxAt(found[0], found[1], text, found[2]));
    return { x: found[0], y: found[1], anchor: found[2] };
  });
}

function tickName(ms: number): string {
  if (ms === UNBOUNDED_MS) return "unbounded";
  return ms === NONE_MS ? "nothing to steal" : duration(ms);
}

/**
 * Every way to authenticate a workload on two axes, measured: how long a thief of the
 * identity credential can use it, and how long somebody who saw what is presented
 * can. Strong is right and up.
 */
export function axesChart(rows: readonly Row[]): string {
  const x = logScale(NONE_MS, UNBOUNDED_MS, WIDTH - RIGHT - 40, LEFT + 20);
  const y = logScale(NONE_MS, UNBOUNDED_MS, TOP + 20, HEIGHT - BOTTOM - 16);
  const at = (ms: number | null): number => (ms === null ? UNBOUNDED_MS : ms === 0 ? NONE_MS : ms);
  const ticks = [NONE_MS, ...TICKS_MS];
  const grid = ticks.map(
    (ms) =>
      line(x(ms), TOP, x(ms), HEIGHT - BOTTOM, { class: "grid" }) +
      label(x(ms), HEIGHT - BOTTOM + 20, tickName(ms), { class: "tick", "text-anchor": "middle" }) +
      line(LEFT, y(ms), WIDTH - RIGHT, y(ms), { class: "grid" }) +
      label(LEFT - 8, y(ms) + 4, ms === NONE_MS ? "nothing" : tickName(ms), {
        class: "tick",
        "text-anchor": "end",
      }),
  );
  const points = rows.map((row) => ({ x: x(at(row.identity_ms)), y: y(at(row.access_ms)), text: row.name }));
  const places = place(points);
  const dots = points.map((point, i) => {
    const where = places[i];
    const own = rows[i]?.id === "ipse" ? " ipse" : "";
    const far = where !== undefined && Math.abs(where.y - 4 - point.y) > LINE;
    const lead =
      far && where !== undefined ? line(point.x, point.y, where.x, where.y - 4, { class: "lead" }) : "";
    return (
      lead +
      tag("circle", { cx: point.x, cy: point.y, r: own === "" ? 6 : 8, class: `dot model${own}` }) +
      label(where?.x ?? 0, where?.y ?? 0, point.text, {
        class: `name${own}`,
        "text-anchor": where?.anchor ?? "start",
      })
    );
  });
  const axes =
    label(
      (LEFT + WIDTH - RIGHT) / 2,
      HEIGHT - 14,
      "identity credential: usable after theft of file, memory or state (median)  →  stronger",
      { class: "axis", "text-anchor": "middle" },
    ) +
    tag(
      "text",
      {
        transform: `translate(18 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`,
        class: "axis",
        "text-anchor": "middle",
      },
      "access credential: usable when seen  →  stronger",
    );
  return picture(
    "two-axes",
    WIDTH,
    HEIGHT,
    "Strength of identity and access credentials",
    grid.join("") + dots.join("") + axes,
  );
}
