import { label, line, n, picture, tag } from "./svg.ts";

const WIDTH = 1180;
const HEIGHT = 360;
const LEFT = 76;
const RIGHT = 190;
const TOP = 18;
const BOTTOM = 54;
/** Two labels never stand closer than this. */
const LINE = 18;

export interface ExposurePoint {
  readonly heartbeatMs: number;
  readonly p50: number;
  readonly p99: number;
}

/** Signatures a copy obtains, signing once a second beside an idle victim, against the heartbeat interval. */
export function exposureChart(points: readonly ExposurePoint[]): string {
  const maxX = Math.max(...points.map(({ heartbeatMs }) => heartbeatMs)) / 1000;
  const maxY = Math.max(1, ...points.map(({ p99 }) => p99)) * 1.08;
  const x = (seconds: number): number => LEFT + (seconds / maxX) * (WIDTH - LEFT - RIGHT);
  const y = (count: number): number => HEIGHT - BOTTOM - (count / maxY) * (HEIGHT - BOTTOM - TOP);
  const path = (value: (point: ExposurePoint) => number): string =>
    points
      .map((point, i) => `${i === 0 ? "M" : "L"}${n(x(point.heartbeatMs / 1000))} ${n(y(value(point)))}`)
      .join(" ");
  const step = [1, 2, 5, 10, 20, 50].find((one) => maxY / one <= 7) ?? 100;
  const rows = Array.from({ length: Math.floor(maxY / step) + 1 }, (_, i) => i * step).map(
    (count) =>
      line(LEFT, y(count), WIDTH - RIGHT, y(count), { class: "grid" }) +
      label(LEFT - 10, y(count) + 4, String(count), { class: "tick", "text-anchor": "end" }),
  );
  const columns = points.map(({ heartbeatMs }) =>
    label(x(heartbeatMs / 1000), HEIGHT - BOTTOM + 20, `${heartbeatMs / 1000} s`, {
      class: "tick",
      "text-anchor": "middle",
    }),
  );
  const dots = points.flatMap(({ heartbeatMs, p50, p99 }) => [
    tag("circle", { cx: x(heartbeatMs / 1000), cy: y(p50), r: 4, class: "dot p50" }),
    tag("circle", { cx: x(heartbeatMs / 1000), cy: y(p99), r: 4, class: "dot p99" }),
  ]);
  const last = points.at(-1);
  const names =
    last === undefined
      ? ""
      : label(WIDTH - RIGHT + 14, y(last.p99) + 4, `p99: ${last.p99} signatures`, { class: "small" }) +
        label(
          WIDTH - RIGHT + 14,
          Math.max(y(last.p50), y(last.p99) + LINE) + 4,
          `p50: ${last.p50} signatures`,
          { class: "small" },
        );
  const axes =
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "heartbeat interval", {
      class: "axis",
      "text-anchor": "middle",
    }) +
    tag(
      "text",
      { transform: `translate(22 ${HEIGHT / 2 - 20}) rotate(-90)`, class: "axis", "text-anchor": "middle" },
      "signatures of the copy",
    );
  const content =
    rows.join("") +
    columns.join("") +
    tag("path", { d: path(({ p99 }) => p99), class: "curve p99" }) +
    tag("path", { d: path(({ p50 }) => p50), class: "curve p50" }) +
    dots.join("") +
    names +
    axes;
  return picture("exposure", WIDTH, HEIGHT, "Exposure against heartbeat interval", content);
}
