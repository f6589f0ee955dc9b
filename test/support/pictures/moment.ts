/** Draws a moment of a simulated run: nodes side by side, time from top to bottom, a row per event. */
import { stringifyJson } from "../../../lib/vortex/index.ts";
import type { Operation } from "../../../lib/workbench/history/history.ts";
import { describeFaultEntry } from "../../../lib/workbench/nemesis/describe-fault.ts";
import { isClientId } from "../../../lib/workbench/network/delivery.ts";
import type { JournalEvent } from "../../../lib/workbench/network/journal.ts";
import type { Trace } from "../../../lib/workbench/report/terminal/trace.ts";

export interface Moment {
  readonly trace: Trace;
  /** The window that is drawn, in ms of the test's clock. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Operations of the first finding: their replies are drawn in red. */
  readonly wrong: readonly Operation[];
  /** One sentence that describes the picture. */
  readonly caption: string;
}

const LEFT = 84;
const LANE_WIDTH = 176;
const TOP = 34;
const ROW_HEIGHT = 27;
const MAX_LABEL_LENGTH = 25;

const STYLE = `
  text { font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #24292f }
  .halo { stroke: #fff; stroke-width: 4px; paint-order: stroke } .name { font-weight: bold }
  .time { fill: #6e7781 } .lane { stroke: #d0d7de } .fault { fill: #fff8c5 }
  .arrow { stroke: #0969da } .head { fill: #0969da }
  .red .arrow { stroke: #cf222e } .red .head, .red text { fill: #cf222e } .lost { stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .halo { stroke: #0d1117 } .time { fill: #8b949e } .lane { stroke: #30363d }
    .fault { fill: #341a00 } .arrow { stroke: #58a6ff } .head { fill: #58a6ff }
    .red .arrow { stroke: #f85149 } .red .head, .red text { fill: #f85149 }
  }
`;

/** A message, by the rows in which it is sent and arrives. */
interface Arrow {
  readonly src: string;
  readonly dest: string;
  readonly label: string;
  readonly isRed: boolean;
  readonly fromRow: number;
  toRow: number | undefined;
  isLost: boolean;
}

interface Row {
  readonly timeMs: number;
  readonly fault?: string;
}

/** Returns the moment as SVG. */
export function drawMoment(moment: Moment): string {
  const { rows, arrows } = layOut(moment);
  if (rows.length === 0) throw new Error("Nothing happens in this moment");
  const lanes = lanesOf(arrows);
  const width = LEFT + lanes.length * LANE_WIDTH;
  const height = TOP + rows.length * ROW_HEIGHT + 6;
  const x = (id: string) => LEFT + (lanes.indexOf(id) + 0.5) * LANE_WIDTH;
  const y = (row: number) => TOP + (row + 0.6) * ROW_HEIGHT;
  const parts = [
    ...rows.flatMap(({ fault }, row) =>
      fault === undefined
        ? []
        : `<rect class="fault" x="${LEFT}" y="${round(y(row) - 17)}" width="${width - LEFT}" height="${ROW_HEIGHT}"/>`,
    ),
    ...lanes.flatMap((id) => [
      `<path class="lane" d="M${x(id)} ${TOP - 8}V${height}"/>`,
      text(x(id), 16, isClientId(id) ? `client ${id}` : id, "name", "middle"),
    ]),
    ...rows.map(({ timeMs }, row) => text(4, y(row), `${timeMs.toFixed(1)} ms`, "time")),
    ...rows.flatMap(({ fault }, row) =>
      fault === undefined ? [] : text(LEFT + 8, y(row), fault, "halo"),
    ),
    ...arrows.map((arrow) => drawArrow(arrow, x, y)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>${escaped(moment.caption)}</title>
<style>${STYLE}</style>
${parts.join("\n")}
</svg>
`;
}

function layOut({ trace, fromMs, toMs, wrong }: Moment): {
  readonly rows: readonly Row[];
  readonly arrows: readonly Arrow[];
} {
  const rows: Row[] = [];
  const arrows: Arrow[] = [];
  const inFlight = new Map<number, Arrow>();
  const wrongTimes = new Set(wrong.filter(({ type }) => type !== "invoke").map(({ time }) => time));
  const wrongReplies = repliesAt(trace, wrongTimes);
  const faults = new Set<string>();
  let isStarted = false;
  for (const event of trace.events) {
    if (event.kind === "operation") {
      // Until then times are those since the start of the test.
      isStarted = true;
      const { process, f, time } = event.operation;
      if (process !== "nemesis") continue;
      // A fault has two entries: the second one says what happened.
      if (faults.delete(f)) {
        const timeMs = time / 1e6;
        if (timeMs < fromMs || timeMs > toMs) continue;
        rows.push({ timeMs, fault: faultText(event.operation) });
      } else {
        faults.add(f);
      }
      continue;
    }
    if (!isStarted) continue;
    const { type, time, message } = event.event;
    const timeMs = time / 1e6;
    const arrow = inFlight.get(message.id);
    if (type === "send") {
      if (timeMs < fromMs || timeMs > toMs) continue;
      const { id, src, dest, body } = message;
      const isRed = wrongReplies.has(id);
      const place = { fromRow: rows.length, toRow: undefined, isLost: false };
      const sent = { src, dest, label: labelOf(body), isRed, ...place };
      inFlight.set(id, sent);
      arrows.push(sent);
      rows.push({ timeMs });
    } else if (arrow !== undefined && timeMs <= toMs) {
      inFlight.delete(message.id);
      arrow.isLost = type === "drop";
      if (arrow.isLost || arrow.fromRow === rows.length - 1) {
        arrow.toRow = arrow.fromRow;
      } else {
        arrow.toRow = rows.length;
        rows.push({ timeMs });
      }
    }
  }
  return { rows, arrows };
}

/** Ids of the messages that arrive at clients at these times, in ns. */
function repliesAt({ events }: Trace, times: ReadonlySet<number>): ReadonlySet<number> {
  const isReply = ({ type, time, message }: JournalEvent) =>
    type === "recv" && isClientId(message.dest) && times.has(time);
  return new Set(
    events.flatMap((event) =>
      event.kind === "message" && isReply(event.event) ? event.event.message.id : [],
    ),
  );
}

function faultText(operation: Operation): string {
  const detail = describeFaultEntry(operation);
  return detail === "" ? operation.f : `${operation.f}: ${detail}`;
}

/** Clients of the first node at the left, then the nodes, the other clients, and the services. */
function lanesOf(arrows: readonly Arrow[]): readonly string[] {
  const ids = [...new Set(arrows.flatMap(({ src, dest }) => [src, dest]))];
  const byNumber = (a: string, b: string) => Number(a.slice(1)) - Number(b.slice(1));
  const nodes = ids.filter((id) => /^n\d+$/.test(id)).sort(byNumber);
  const clients = ids.filter(isClientId).sort(byNumber);
  const isLeft = (client: string) =>
    nodes.length === 1 || arrows.some(({ src, dest }) => src === client && dest === nodes[0]);
  const services = ids.filter((id) => !nodes.includes(id) && !clients.includes(id));
  return [
    ...clients.filter(isLeft),
    ...nodes,
    ...clients.filter((client) => !isLeft(client)),
    ...services,
  ];
}

function labelOf({
  type,
  msg_id: _,
  in_reply_to: __,
  ...content
}: Record<string, unknown>): string {
  const values = Object.values(content).map((value) => stringifyJson(value));
  const label = [String(type), ...values].join(" ");
  return label.length <= MAX_LABEL_LENGTH ? label : `${label.slice(0, MAX_LABEL_LENGTH - 1)}…`;
}

function drawArrow(
  { src, dest, label, isRed, fromRow, toRow, isLost }: Arrow,
  x: (id: string) => number,
  y: (row: number) => number,
): string {
  const direction = Math.sign(x(dest) - x(src));
  const from = { x: x(src), y: y(fromRow) };
  // Without an end it is still in flight where the picture ends.
  const whole = { x: x(dest), y: y(toRow ?? fromRow) };
  const to = isLost || toRow === undefined ? { x: (from.x + whole.x) / 2, y: whole.y } : whole;
  const style = isLost || toRow === undefined ? "arrow lost" : "arrow";
  const anchor = direction > 0 ? "start" : "end";
  const end = isLost
    ? `<text x="${round(to.x)}" y="${round(to.y + 4)}" text-anchor="middle">✕</text>`
    : `<path class="head" d="M${round(to.x)} ${round(to.y)}l${-7 * direction} -4v8z"/>`;
  return [
    `<g${isRed || isLost ? ' class="red"' : ""}>`,
    `<path class="${style}" d="M${round(from.x)} ${round(from.y)}L${round(to.x)} ${round(to.y)}"/>`,
    end,
    text(from.x + 8 * direction, from.y - 5, label, "halo", anchor),
    "</g>",
  ].join("");
}

function text(x: number, y: number, content: string, style: string, anchor = "start"): string {
  const at = `x="${round(x)}" y="${round(y)}"`;
  const where = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text class="${style}" ${at}${where}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
