/** A line of a chart: points of x and y, both above 0. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const width = 720;
const height = 380;
const area = { left: 70, right: 190, top: 40, bottom: 45 };
const colours = [
  '#3366cc',
  '#dc3912',
  '#109618',
  '#990099',
  '#ff9900',
  '#0099c6',
  '#dd4477',
  '#66aa00',
  '#555555',
];

/** An SVG with one line a curve, both axes logarithmic, since sizes and times differ by powers of ten. */
export function chart(title: string, curves: readonly Curve[]): string {
  const xs = curves.flatMap(({ points }) => points.map(([x]) => x));
  const ys = curves.flatMap(({ points }) => points.map(([, y]) => y));
  const x = axis(xs, area.left, width - area.right);
  const y = axis(ys, height - area.bottom, area.top);
  const grid = [
    ...x.ticks.map((tick) =>
      line(x.at(tick), area.top, x.at(tick), height - area.bottom, tickLabel(tick, 'x', x.at(tick))),
    ),
    ...y.ticks.map((tick) =>
      line(area.left, y.at(tick), width - area.right, y.at(tick), tickLabel(tick, 'y', y.at(tick))),
    ),
  ];
  const labels = spread(curves.map(({ points }) => y.at(points.at(-1)?.[1] ?? 1)));
  const lines = curves.map(({ name, points }, i) => {
    const colour = colours[i % colours.length];
    const path = points.map(([px, py]) => `${round(x.at(px))},${round(y.at(py))}`).join(' ');
    const dots = points.map(
      ([px, py]) => `<circle cx="${round(x.at(px))}" cy="${round(y.at(py))}" r="3" fill="${colour}"/>`,
    );
    const last = points.at(-1)?.[1] ?? 0;
    const label = `${escaped(name)}: ${Math.round(last).toLocaleString('en')}`;
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...dots,
      `<text x="${width - area.right + 10}" y="${round((labels[i] ?? 0) + 4)}" fill="${colour}">${label}</text>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${area.left}" y="20" font-size="14" fill="#222222">${escaped(title)}</text>`,
    ...grid,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

interface Axis {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** From one power of ten to another that hold all values. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    ticks: Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i)),
    at: (value) => from + ((Math.log10(value) - least) / (most - least)) * (to - from),
  };
}

/** Heights of labels, moved apart where they would lie over each other, in the order in which they came. */
function spread(heights: readonly number[]): number[] {
  const apart = 15;
  const order = heights.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at);
  let free = Number.NEGATIVE_INFINITY;
  const placed: number[] = [];
  for (const { at, index } of order) {
    const here = Math.max(at, free);
    placed[index] = here;
    free = here + apart;
  }
  return placed;
}

function line(x1: number, y1: number, x2: number, y2: number, label: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="#dddddd"/>${label}`;
}

function tickLabel(value: number, which: 'x' | 'y', at: number): string {
  const text = value.toLocaleString('en');
  return which === 'x'
    ? `<text x="${round(at)}" y="${height - area.bottom + 18}" text-anchor="middle" fill="#555555">${text}</text>`
    : `<text x="${area.left - 8}" y="${round(at + 4)}" text-anchor="end" fill="#555555">${text}</text>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
