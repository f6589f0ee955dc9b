/**
 * The small pictures of docs/anomalies.md: who did what when, and what contradicts what.
 *
 *   bun test/support/pictures/anomaly-pictures.ts     draws them anew
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What somebody did, from the beginning to the end of it, on a scale of 100. */
type Act = readonly [from: number, text: string, isWrong?: "wrong"];

interface Picture {
  /** A line for each process, node, or transaction, from the top. */
  readonly lanes: readonly (readonly [name: string, ...acts: Act[]])[];
  /** From an act to an act: lane and position in it. */
  readonly arrows?: readonly (readonly [from: Place, to: Place, label: string])[];
  /** A time of trouble: from, to, what it is. */
  readonly trouble?: readonly [number, number, string];
}

type Place = readonly [lane: number, act: number];

export const PICTURES: Readonly<Record<string, Picture>> = {
  lost: {
    lanes: [
      ["client of n0", [0, "broadcast 7 → ok"], [68, "read → 7"]],
      ["client of n1", [68, "read → nothing", "wrong"]],
    ],
    trouble: [12, 50, "n0 | n1"],
  },
  stale: {
    lanes: [
      ["client of n0", [0, "broadcast 7 → ok"]],
      ["client of n1", [30, "read → nothing", "wrong"], [70, "read → 7"]],
    ],
  },
  "never-read": {
    lanes: [
      ["client of n0", [0, "broadcast 7 → nobody knows"], [64, "read → nothing"]],
      ["client of n1", [64, "read → nothing"]],
    ],
  },
  duplicated: {
    lanes: [
      ["client of n0", [0, "generate → n0-1"], [60, "generate → n0-1", "wrong"]],
      ["n0", [30, "killed, counts from 0"]],
    ],
  },
  mismatch: { lanes: [["client", [5, 'echo "a" → "b"', "wrong"]]] },
  unacceptable: {
    lanes: [
      ["client of n0", [0, "add 3 → ok"], [64, "read → 3", "wrong"]],
      ["client of n1", [16, "add 4 → ok"], [64, "read → 7"]],
    ],
  },
  nonlinearizable: {
    lanes: [
      ["client 1", [0, "write 1 → ok"], [26, "write 2 → ok"]],
      ["client 2", [56, "read → 1", "wrong"]],
    ],
  },
  divergence: {
    lanes: [
      ["n0", [0, "x = 1"], [60, "in the end x = 1"]],
      ["n1", [10, "x = 2"], [60, "in the end x = 2", "wrong"]],
    ],
  },
  "lost-write": {
    lanes: [
      ["producer", [0, "send a → offset 0"], [30, "send b → offset 1"]],
      ["consumer", [66, "poll → 1: b", "wrong"]],
    ],
  },
  "poll-skip": {
    lanes: [
      ["consumer", [0, "poll → 0: a, 1: b"], [40, "poll → 3: d", "wrong"]],
      ["another", [66, "poll → 2: c"]],
    ],
  },
  "nonmonotonic-poll": {
    lanes: [["consumer", [0, "poll → 0: a, 1: b"], [44, "poll → 0: a", "wrong"]]],
  },
  "nonmonotonic-send": {
    lanes: [["producer", [0, "send a → offset 5"], [44, "send b → offset 3", "wrong"]]],
  },
  "inconsistent-offsets": {
    lanes: [
      ["consumer 1", [0, "poll → 0: a"]],
      ["consumer 2", [30, "poll → 0: b", "wrong"]],
    ],
  },
  duplicate: { lanes: [["consumer", [0, "poll → 0: a, 1: a", "wrong"]]] },
  unseen: {
    lanes: [
      ["producer", [0, "send a → offset 0"]],
      ["everybody", [50, "poll → nothing, to the end", "wrong"]],
    ],
  },
  "int-poll-skip": {
    lanes: [
      ["producer", [0, "send b → offset 1"]],
      ["consumer", [40, "poll → 0: a, 2: c", "wrong"]],
      ["another", [72, "poll → 1: b"]],
    ],
  },
  "int-nonmonotonic-poll": {
    lanes: [["consumer", [5, "poll → 1: b, 0: a", "wrong"]]],
  },
  internal: { lanes: [["T1", [5, "x := 1, read x → 2", "wrong"]]] },
  G0: {
    lanes: [
      ["T1", [0, "x := 1, y := 1"]],
      ["T2", [56, "x := 2, y := 2"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "x: 1 then 2"],
      [[1, 0], [0, 0], "y: 2 then 1"],
    ],
  },
  G1a: {
    lanes: [
      ["T1", [0, "x := 1 → aborted"]],
      ["T2", [56, "read x → 1", "wrong"]],
    ],
    arrows: [[[0, 0], [1, 0], "read"]],
  },
  G1b: {
    lanes: [
      ["T1", [0, "x := 1, x := 2"]],
      ["T2", [56, "read x → 1", "wrong"]],
    ],
    arrows: [[[0, 0], [1, 0], "read in the middle"]],
  },
  G1c: {
    lanes: [
      ["T1", [0, "x := 1, read y → 1"]],
      ["T2", [56, "y := 1, read x → 1"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "T2 read x"],
      [[1, 0], [0, 0], "T1 read y"],
    ],
  },
  "G-single": {
    lanes: [
      ["T1", [0, "read x → 0, read y → 1"]],
      ["T2", [56, "x := 1, y := 1"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "x before T2"],
      [[1, 0], [0, 0], "y after T2"],
    ],
  },
  G2: {
    lanes: [
      ["T1", [0, "read x → 0, y := 1"]],
      ["T2", [56, "read y → 0, x := 1"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "x before T2"],
      [[1, 0], [0, 0], "y before T1"],
    ],
  },
  "G-nonadjacent": {
    lanes: [
      ["T1", [0, "read x → 0, y := 1"]],
      ["T2", [56, "x := 1, z := 1"]],
      ["T3", [0, "read z → 1, read w → 0"]],
      ["T4", [56, "w := 1, y := 2"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "x before T2"],
      [[1, 0], [2, 0], "z after T2"],
      [[2, 0], [3, 0], "w before T4"],
    ],
  },
  "future-read": { lanes: [["T1", [5, "read x → [1], append 1 to x", "wrong"]]] },
  "incompatible-order": {
    lanes: [
      ["T1", [0, "read x → [1, 2]"]],
      ["T2", [50, "read x → [2]", "wrong"]],
    ],
  },
  "duplicate-elements": { lanes: [["T1", [5, "read x → [1, 1]", "wrong"]]] },
  "dirty-update": {
    lanes: [
      ["T1", [0, "append 1 to x → aborted"]],
      ["T2", [56, "append 2 to x"]],
      ["T3", [64, "read x → [1, 2]", "wrong"]],
    ],
  },
  "cyclic-versions": {
    lanes: [
      ["T1", [0, "read x → 1, x := 2"]],
      ["T2", [56, "read x → 2, x := 1", "wrong"]],
    ],
  },
  unavailable: {
    lanes: [
      ["client of n0", [0, "read → ok"]],
      ["client of n1", [30, "read → no answer in 5 s", "wrong"]],
    ],
    trouble: [20, 90, "n0 | n1"],
  },
  "never-ok": {
    lanes: [
      ["client of n0", [0, "read → ok"], [36, "write 1 → refused", "wrong"]],
      ["client of n1", [10, "write 2 → refused", "wrong"], [56, "read → ok"]],
    ],
  },
  unanswered: {
    lanes: [
      ["client of n0", [6, "write 1 → no answer in 5 s", "wrong"]],
      ["n0", [0, "killed"]],
    ],
    trouble: [0, 100, "n0 is down"],
  },
  unreported: {
    lanes: [
      ["n0", [0, "x = 1"], [60, "in the end x = 1"]],
      ["n1", [10, "x = 2"], [60, "in the end: no answer", "wrong"]],
    ],
  },
  undecided: {
    lanes: [
      ["client 1", [0, "write 1 → nobody knows"]],
      ["client 2", [6, "write 2 → nobody knows"]],
      ["client 3", [12, "write 3 → nobody knows"], [62, "read → 2"]],
    ],
  },
  "empty-transaction-graph": {
    lanes: [
      ["T1", [0, "x := 1"]],
      ["T2", [30, "y := 1"]],
      ["T3", [60, "read z → nothing"]],
    ],
  },
  "lost-update": {
    lanes: [
      ["T1", [0, "read x → 0, x := 1"]],
      ["T2", [56, "read x → 0, x := 2", "wrong"]],
    ],
  },
};

const LABEL_WIDTH = 110;
const WIDTH = 660;
const LANE_HEIGHT = 64;
const BAR_HEIGHT = 26;
const CHARACTER_WIDTH = 7.3;

const STYLE = `
  text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #24292f }
  .lane { stroke: #d0d7de } .act { fill: #ddf4ff; stroke: #54aeff }
  .wrong { fill: #ffebe9; stroke: #cf222e } .trouble { fill: #fff8c5 }
  .arrow { stroke: #cf222e; fill: none } .head { fill: #cf222e } .label { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .lane { stroke: #30363d } .act { fill: #0c2d6b; stroke: #388bfd }
    .wrong { fill: #67060c; stroke: #f85149 } .trouble { fill: #341a00 }
    .arrow { stroke: #f85149 } .head, .label { fill: #f85149 }
  }
`;

/** Draws a picture as SVG. */
export function draw(name: string, { lanes, arrows = [], trouble }: Picture): string {
  const height = lanes.length * LANE_HEIGHT + 8;
  const x = (time: number) => LABEL_WIDTH + (time / 100) * (WIDTH - LABEL_WIDTH);
  const middle = (lane: number) => lane * LANE_HEIGHT + LANE_HEIGHT / 2 + 4;
  const widthOf = (text: string) => text.length * CHARACTER_WIDTH + 14;
  const parts: string[] = [];
  if (trouble !== undefined) {
    const [from, to, what] = trouble;
    const span = `x="${x(from)}" width="${x(to) - x(from)}"`;
    parts.push(`<rect class="trouble" ${span} y="0" height="${height}"/>`);
    parts.push(text(x(from) + 8, height - 6, what));
  }
  for (const [lane, [label, ...acts]] of lanes.entries()) {
    const y = middle(lane);
    parts.push(text(4, y + 4, label));
    parts.push(`<path class="lane" d="M${LABEL_WIDTH} ${y}H${WIDTH}"/>`);
    for (const [from, what, wrong] of acts) {
      const box = `x="${x(from)}" y="${y - BAR_HEIGHT / 2}" width="${widthOf(what)}" height="${BAR_HEIGHT}"`;
      parts.push(`<rect class="${wrong ?? "act"}" ${box} rx="4"/>`);
      parts.push(text(x(from) + 7, y + 4, what));
    }
  }
  for (const [from, to, label] of arrows) {
    const at = ([lane, act]: Place, part: number) => {
      const [start = 0, what = ""] = (lanes[lane]?.[act + 1] ?? []) as unknown as Act;
      return { x: x(start) + widthOf(what) * part, y: middle(lane) };
    };
    const isDown = from[0] < to[0];
    const [a, b] = [at(from, isDown ? 0.8 : 0.3), at(to, isDown ? 0.5 : 0.2)];
    const [ay, by] = isDown
      ? [a.y + BAR_HEIGHT / 2, b.y - BAR_HEIGHT / 2 - 5]
      : [a.y - BAR_HEIGHT / 2, b.y + BAR_HEIGHT / 2 + 5];
    parts.push(`<path class="arrow" d="M${a.x} ${ay}L${b.x} ${by}"/>`);
    parts.push(`<path class="head" d="M${b.x - 4} ${by}h8l-4 ${isDown ? 6 : -6}z"/>`);
    const labelX = isDown ? WIDTH - label.length * CHARACTER_WIDTH - 4 : LABEL_WIDTH + 4;
    const labelY = isDown ? middle(from[0]) - 8 : middle(from[0]) + 20;
    parts.push(text(labelX, labelY, label, "label"));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img">
<title>${escaped(name)}</title>
<style>${STYLE}</style>
${parts.join("\n")}
</svg>
`;
}

function text(x: number, y: number, content: string, style?: string): string {
  const kind = style === undefined ? "" : ` class="${style}"`;
  return `<text${kind} x="${Math.round(x)}" y="${Math.round(y)}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

export const PICTURE_DIRECTORY = join(import.meta.dir, "../../../docs/images/anomalies");

if (import.meta.main) {
  for (const [name, picture] of Object.entries(PICTURES)) {
    writeFileSync(join(PICTURE_DIRECTORY, `${name}.svg`), draw(name, picture));
  }
}
