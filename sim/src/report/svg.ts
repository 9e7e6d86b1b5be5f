/** Text for XML. */
export function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export function n(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}

type Attributes = Readonly<Record<string, string | number>>;

export function tag(name: string, attributes: Attributes, content = ""): string {
  const all = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? n(value) : xml(value)}"`)
    .join("");
  return content === "" ? `<${name}${all}/>` : `<${name}${all}>${content}</${name}>`;
}

export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return tag("text", { x, y, ...attributes }, xml(text));
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string {
  return tag("line", { x1, y1, x2, y2, ...attributes });
}

/** One picture, scalable, with a name and a description for those who do not see it. */
export function picture(id: string, width: number, height: number, title: string, content: string): string {
  return `<svg id="${id}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(title)}" xmlns="http://www.w3.org/2000/svg"><title>${xml(title)}</title>${content}</svg>`;
}

/** Powers of ten between two bounds, for logarithmic axes. */
export function logScale(low: number, high: number, from: number, to: number): (value: number) => number {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  return (value) => from + ((Math.log10(Math.min(high, Math.max(low, value))) - a) / (b - a)) * (to - from);
}
