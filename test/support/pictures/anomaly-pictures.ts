/**
 * Draws the pictures of docs/anomalies.md: operations over time, and what they contradict.
 *
 *   bun test/support/pictures/anomaly-pictures.ts     writes docs/images/anomalies/
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** An operation or event; time runs from 0 to 100. */
type Act = readonly [from: number, text: string, isWrong?: "wrong"];

interface Picture {
  /** One sentence that describes the picture: its title, and its alternative text in the page. */
  readonly caption: string;
  /** One line for each client, node or transaction, from top to bottom. */
  readonly lanes: readonly (readonly [name: string, ...acts: Act[]])[];
  /** Arrows between acts. */
  readonly arrows?: readonly (readonly [from: Place, to: Place, label: string])[];
  /** A period with a fault. */
  readonly fault?: readonly [from: number, to: number, label: string];
}

/** An act, by the positions of its lane and within the lane. */
type Place = readonly [lane: number, act: number];

export const PICTURES: Readonly<Record<string, Picture>> = {
  lost: {
    caption:
      "A broadcast of 7 is acknowledged; after a partition a read on n0 returns 7, a read on n1 nothing.",
    lanes: [
      ["client of n0", [0, "broadcast 7 → ok"], [68, "read → [7]"]],
      ["client of n1", [68, "read → []", "wrong"]],
    ],
    fault: [12, 50, "n0 | n1"],
  },
  stale: {
    caption: "After the broadcast of 7 a read on n1 misses it, and a later read on n1 returns it.",
    lanes: [
      ["client of n0", [0, "broadcast 7 → ok"]],
      ["client of n1", [30, "read → []", "wrong"], [70, "read → [7]"]],
    ],
  },
  unexpected: {
    caption: "A client broadcasts 7, and a read returns the string 7 besides.",
    lanes: [
      ["client of n0", [0, "broadcast 7 → ok"]],
      ["client of n1", [50, 'read → [7, "7"]', "wrong"]],
    ],
  },
  "never-read": {
    caption: "The broadcast of 7 has an unknown outcome, and no read returns 7.",
    lanes: [
      ["client of n0", [0, "broadcast 7 → outcome unknown"], [64, "read → []"]],
      ["client of n1", [64, "read → []"]],
    ],
  },
  duplicated: {
    caption:
      "n0 assigns the id n0-1, is killed, counts from 0 again and assigns n0-1 a second time.",
    lanes: [
      ["client of n0", [0, "generate → n0-1"], [60, "generate → n0-1", "wrong"]],
      ["n0", [30, "killed, restarts at 0"]],
    ],
  },
  mismatch: {
    caption: "The reply to an echo of a is b.",
    lanes: [["client", [5, 'echo "a" → "b"', "wrong"]]],
  },
  unacceptable: {
    caption: "Clients add 3 and 4; one final read returns 7, the other only 3.",
    lanes: [
      ["client of n0", [0, "add 3 → ok"], [64, "read → 3", "wrong"]],
      ["client of n1", [16, "add 4 → ok"], [64, "read → 7"]],
    ],
  },
  nonlinearizable: {
    caption: "A read returns 1 although 2 was written after 1 and acknowledged before the read.",
    lanes: [
      ["client 1", [0, "write 1 → ok"], [26, "write 2 → ok"]],
      ["client 2", [56, "read → 1", "wrong"]],
    ],
  },
  divergence: {
    caption: "At the end register x is 1 on n0 and 2 on n1.",
    lanes: [
      ["n0", [0, "x = 1"], [60, "final x = 1"]],
      ["n1", [10, "x = 2"], [60, "final x = 2", "wrong"]],
    ],
  },
  "lost-write": {
    caption: "Message a got offset 0 and b offset 1; a poll returns b, and none ever returns a.",
    lanes: [
      ["producer", [0, "send a → offset 0"], [30, "send b → offset 1"]],
      ["consumer", [66, "poll → 1: b", "wrong"]],
    ],
  },
  "poll-skip": {
    caption:
      "A consumer polls offsets 0 and 1, then 3; another consumer finds a message at offset 2.",
    lanes: [
      ["consumer", [0, "poll → 0: a, 1: b"], [40, "poll → 3: d", "wrong"]],
      ["consumer 2", [66, "poll → 2: c"]],
    ],
  },
  "nonmonotonic-poll": {
    caption: "A consumer polls offsets 0 and 1, then 0 again.",
    lanes: [["consumer", [0, "poll → 0: a, 1: b"], [44, "poll → 0: a", "wrong"]]],
  },
  "nonmonotonic-send": {
    caption: "A producer's first send gets offset 5 and its second offset 3.",
    lanes: [["producer", [0, "send a → offset 5"], [44, "send b → offset 3", "wrong"]]],
  },
  "inconsistent-offsets": {
    caption: "One consumer polls a at offset 0, another polls b at offset 0.",
    lanes: [
      ["consumer 1", [0, "poll → 0: a"]],
      ["consumer 2", [30, "poll → 0: b", "wrong"]],
    ],
  },
  duplicate: {
    caption: "A poll returns message a at offsets 0 and 1.",
    lanes: [["consumer", [0, "poll → 0: a, 1: a", "wrong"]]],
  },
  unseen: {
    caption: "A send of a is acknowledged, and all polls stay empty to the end.",
    lanes: [
      ["producer", [0, "send a → offset 0"]],
      ["all consumers", [50, "poll → empty, to the end", "wrong"]],
    ],
  },
  "int-poll-skip": {
    caption: "A single poll returns offsets 0 and 2, although offset 1 holds a message.",
    lanes: [
      ["producer", [0, "send b → offset 1"]],
      ["consumer", [40, "poll → 0: a, 2: c", "wrong"]],
      ["consumer 2", [72, "poll → 1: b"]],
    ],
  },
  "int-nonmonotonic-poll": {
    caption: "A single poll returns offset 1 before offset 0.",
    lanes: [["consumer", [5, "poll → 1: b, 0: a", "wrong"]]],
  },
  internal: {
    caption: "T1 writes 1 to x and then reads 2 from x.",
    lanes: [["T1", [5, "x := 1, read x → 2", "wrong"]]],
  },
  G0: {
    caption: "T1 and T2 write x and y; x ends with T2's value, y with T1's.",
    lanes: [
      ["T1", [0, "x := 1, y := 1"]],
      ["T2", [56, "x := 2, y := 2"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "ww on x"],
      [[1, 0], [0, 0], "ww on y"],
    ],
  },
  G1a: {
    caption: "T2 reads the value that the aborted T1 wrote.",
    lanes: [
      ["T1", [0, "x := 1 → aborted"]],
      ["T2", [56, "read x → 1", "wrong"]],
    ],
    arrows: [[[0, 0], [1, 0], "T2 read x"]],
  },
  G1b: {
    caption: "T1 writes x twice; T2 reads the first value.",
    lanes: [
      ["T1", [0, "x := 1, x := 2"]],
      ["T2", [56, "read x → 1", "wrong"]],
    ],
    arrows: [[[0, 0], [1, 0], "T2 read x too early"]],
  },
  G1c: {
    caption: "T2 reads T1's write of x, and T1 reads T2's write of y.",
    lanes: [
      ["T1", [0, "x := 1, read y → 1"]],
      ["T2", [56, "y := 1, read x → 1"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "wr on x"],
      [[1, 0], [0, 0], "wr on y"],
    ],
  },
  "G-single": {
    caption: "T1 reads x before T2's write and y after it.",
    lanes: [
      ["T1", [0, "read x → 0, read y → 1"]],
      ["T2", [56, "x := 1, y := 1"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "rw on x"],
      [[1, 0], [0, 0], "wr on y"],
    ],
  },
  G2: {
    caption: "T1 reads x and writes y, T2 reads y and writes x; both read the old values.",
    lanes: [
      ["T1", [0, "read x → 0, y := 1"]],
      ["T2", [56, "read y → 0, x := 1"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "rw on x"],
      [[1, 0], [0, 0], "rw on y"],
    ],
  },
  "G-nonadjacent": {
    caption:
      "rw steps lead from T1 to T2 and from T3 to T4, a wr step from T2 to T3; a ww step closes the cycle.",
    lanes: [
      ["T1", [0, "read x → 0, y := 1"]],
      ["T2", [56, "x := 1, z := 1"]],
      ["T3", [0, "read z → 1, read w → 0"]],
      ["T4", [56, "w := 1, y := 2"]],
    ],
    arrows: [
      [[0, 0], [1, 0], "rw on x"],
      [[1, 0], [2, 0], "wr on z"],
      [[2, 0], [3, 0], "rw on w"],
    ],
  },
  "future-read": {
    caption: "T1 reads a list that already contains the element it appends afterwards.",
    lanes: [["T1", [5, "read x → [1], append 1 to x", "wrong"]]],
  },
  "incompatible-order": {
    caption: "T1 reads the list 1, 2; T2 reads the list 2.",
    lanes: [
      ["T1", [0, "read x → [1, 2]"]],
      ["T2", [50, "read x → [2]", "wrong"]],
    ],
  },
  "duplicate-elements": {
    caption: "T1 reads a list that contains 1 twice.",
    lanes: [["T1", [5, "read x → [1, 1]", "wrong"]]],
  },
  "dirty-update": {
    caption: "The aborted T1 appends 1, T2 appends 2, and T3 reads both.",
    lanes: [
      ["T1", [0, "append 1 to x → aborted"]],
      ["T2", [56, "append 2 to x"]],
      ["T3", [64, "read x → [1, 2]", "wrong"]],
    ],
  },
  "cyclic-versions": {
    caption: "T1 reads 1 from x and writes 2; T2 reads 2 from x and writes 1.",
    lanes: [
      ["T1", [0, "read x → 1, x := 2"]],
      ["T2", [56, "read x → 2, x := 1", "wrong"]],
    ],
  },
  unavailable: {
    caption: "During a partition a read on n1 times out after 5 s.",
    lanes: [
      ["client of n0", [0, "read → ok"]],
      ["client of n1", [30, "read → timeout after 5 s", "wrong"]],
    ],
    fault: [20, 90, "n0 | n1"],
  },
  "never-ok": {
    caption: "Both writes end with an error; only reads succeed.",
    lanes: [
      ["client of n0", [0, "read → ok"], [36, "write 1 → error", "wrong"]],
      ["client of n1", [10, "write 2 → error", "wrong"], [56, "read → ok"]],
    ],
  },
  unanswered: {
    caption: "The only write is sent to n0, which is killed throughout.",
    lanes: [
      ["client of n0", [6, "write 1 → timeout after 5 s", "wrong"]],
      ["n0", [0, "killed"]],
    ],
    fault: [0, 100, "n0 down"],
  },
  unreported: {
    caption: "At the end n0 returns its registers, and n1 does not reply.",
    lanes: [
      ["n0", [0, "x = 1"], [60, "final x = 1"]],
      ["n1", [10, "x = 2"], [60, "final read: no reply", "wrong"]],
    ],
  },
  undecided: {
    caption: "Three writes have unknown outcomes, and a read returns the value of the second.",
    lanes: [
      ["client 1", [0, "write 1 → outcome unknown"]],
      ["client 2", [6, "write 2 → outcome unknown"]],
      ["client 3", [12, "write 3 → outcome unknown"], [62, "read → 2"]],
    ],
  },
  "empty-transaction-graph": {
    caption: "Three transactions, each on a key of its own.",
    lanes: [
      ["T1", [0, "x := 1"]],
      ["T2", [30, "y := 1"]],
      ["T3", [60, "read z → null"]],
    ],
  },
  "lost-update": {
    caption: "T1 and T2 both read 0 from x; T1 writes 1 and T2 writes 2.",
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
  .wrong { fill: #ffebe9; stroke: #cf222e } .fault { fill: #fff8c5 }
  .arrow { stroke: #cf222e; fill: none } .head { fill: #cf222e } .label { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .lane { stroke: #30363d } .act { fill: #0c2d6b; stroke: #388bfd }
    .wrong { fill: #67060c; stroke: #f85149 } .fault { fill: #341a00 }
    .arrow { stroke: #f85149 } .head, .label { fill: #f85149 }
  }
`;

/** Returns a picture as SVG. */
export function draw({ caption, lanes, arrows = [], fault }: Picture): string {
  const height = lanes.length * LANE_HEIGHT + 8;
  const x = (time: number) => LABEL_WIDTH + (time / 100) * (WIDTH - LABEL_WIDTH);
  const middle = (lane: number) => lane * LANE_HEIGHT + LANE_HEIGHT / 2 + 4;
  const widthOf = (text: string) => text.length * CHARACTER_WIDTH + 14;
  const parts: string[] = [];
  if (fault !== undefined) {
    const [from, to, what] = fault;
    const span = `x="${x(from)}" width="${x(to) - x(from)}"`;
    parts.push(`<rect class="fault" ${span} y="0" height="${height}"/>`);
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
      const [, ...acts] = lanes[lane] ?? [""];
      const [start, what] = acts[act] ?? [0, ""];
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
<title>${escaped(caption)}</title>
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
    writeFileSync(join(PICTURE_DIRECTORY, `${name}.svg`), draw(picture));
  }
}
