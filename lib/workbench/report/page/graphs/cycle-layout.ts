/** Lays out a cycle of transactions, and what each box says. Does not depend on the DOM. */
import { Graph, layout } from "@dagrejs/dagre";
import type { CycleStep } from "../../recorder/run-data.ts";
import { truncate, visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

/** A rectangle, by its centre. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A transaction's box. */
export interface CycleNode extends Box {
  /** Row of its operation. */
  readonly operation: number;
  /** `"T1"`, as in the sentences. */
  readonly name: string;
  readonly lines: readonly string[];
}

/** Why one transaction precedes the next: the points of the arrow, and the box of its label. */
export interface CycleEdge extends Box {
  readonly step: CycleStep;
  readonly lines: readonly string[];
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface CycleLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly CycleNode[];
  readonly edges: readonly CycleEdge[];
}

/** Text metrics in pixels, matching the page's style. */
export const LINE_HEIGHT = 16;
const CHARACTER_WIDTH = 7;
const PADDING = 12;
const MARGIN = 8;

/** Characters per line of a label, so that two labels fit side by side in a narrow window. */
const LABEL_LENGTH = 22;
/** Number of a transaction's steps in its box, and characters per step. */
const MAX_LINES = 8;
const MAX_LINE_LENGTH = 30;

/** Lays out a cycle from top to bottom, with few crossings. */
export function layOutCycle(run: Run, steps: readonly CycleStep[]): CycleLayout {
  const names = new Map<number, string>();
  for (const { from } of steps) if (!names.has(from)) names.set(from, `T${names.size + 1}`);
  const nameOf = (operation: number) => names.get(operation) ?? "?";
  // Two transactions may have several edges, told apart by name.
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ nodesep: 30, ranksep: 44, edgesep: 24, marginx: MARGIN, marginy: MARGIN });
  const contents = [...names].map(([operation, name]) => {
    const lines = linesOf(run, operation, name);
    graph.setNode(name, sizeOf(lines, PADDING));
    return { operation, name, lines };
  });
  const labels = steps.map((step, index) => {
    const lines = [step.relation, ...wrapped(visible(meaningOf(step)))];
    const size = { ...sizeOf(lines, 0), labelpos: "c" };
    graph.setEdge(nameOf(step.from), nameOf(step.to), size, `${index}`);
    return { step, lines };
  });
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    nodes: contents.map((node) => ({ ...node, ...placed(graph.node(node.name)) })),
    edges: labels.map(({ step, lines }, index) => {
      const edge = graph.edge(nameOf(step.from), nameOf(step.to), `${index}`);
      return { step, lines, points: edge.points ?? [], ...placed(edge) };
    }),
  };
}

/** Lines of a transaction's box: its name and client, then its steps. */
function linesOf(run: Run, operation: number, name: string): string[] {
  const node = run.nodeOf(operation);
  const title = `${name} · process ${run.columns.operationProcess[operation]}`;
  const { invocation, completion } = run.valuesOf(operation);
  const steps = microOperations(completion || invocation);
  const more = steps.length - MAX_LINES;
  return [
    visible(node === "" ? title : `${title} on ${node}`),
    ...steps.slice(0, MAX_LINES).map(visible),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].map((line) => truncate(line, MAX_LINE_LENGTH));
}

/** Formats a transaction's steps, one per line; truncated JSON as it stands. */
function microOperations(text: string): string[] {
  let steps: unknown;
  try {
    steps = JSON.parse(text);
  } catch {
    return wrapped(text);
  }
  return Array.isArray(steps) ? steps.map(microOperation) : [text];
}

function microOperation(step: unknown): string {
  if (!Array.isArray(step)) return JSON.stringify(step);
  const [name, ...parts] = step;
  const [key, value] = parts.map((part) => JSON.stringify(part));
  switch (name) {
    case "r":
      return `read ${key} → ${value}`;
    case "w":
      return `write ${key} := ${value}`;
    case "append":
      return `append ${value} to ${key}`;
    default:
      return [name, key, value].filter((part) => part !== undefined).join(" ");
  }
}

/** A step's sentence without the relation, which the label shows above it. */
function meaningOf({ sentence, relation }: CycleStep): string {
  const end = ` (${relation})`;
  return sentence.endsWith(end) ? sentence.slice(0, -end.length) : sentence;
}

/** Wraps text at words. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LABEL_LENGTH) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

function sizeOf(lines: readonly string[], padding: number): { width: number; height: number } {
  const longest = Math.max(0, ...lines.map(({ length }) => length));
  return {
    width: longest * CHARACTER_WIDTH + 2 * padding,
    height: lines.length * LINE_HEIGHT + padding,
  };
}

/** The box that the layout computed. */
function placed({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box {
  return { x, y, width, height };
}
