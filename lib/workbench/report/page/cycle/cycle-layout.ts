/** Where the transactions of a cycle are drawn, and what stands in them. Knows nothing of the DOM. */
import { Graph, layout } from "@dagrejs/dagre";
import type { CycleStep } from "../../recorder/run-data.ts";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

/** A rectangle around a middle. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A transaction. */
export interface CycleNode extends Box {
  /** Row of its operation. */
  readonly operation: number;
  /** `"T1"`, as in the sentences. */
  readonly name: string;
  readonly lines: readonly string[];
}

/** Why one comes before another: a line along points, and the box of its label. */
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

/** In pixels, of the fonts that the page's style sets. */
export const LINE_HEIGHT = 16;
const CHARACTER_WIDTH = 7;
const PADDING = 12;
const MARGIN = 8;

/** How many characters a line of a label has: two labels beside each other fit a narrow window. */
const LABEL_LENGTH = 22;
/** How many of its steps a transaction's box tells, and how much of each. */
const MAX_LINES = 8;
const MAX_LINE_LENGTH = 30;

/** Lays a cycle out, from top to bottom, with as few lines crossing as can be. */
export function layOutCycle(run: Run, steps: readonly CycleStep[]): CycleLayout {
  const names = new Map<number, string>();
  for (const { from } of steps) if (!names.has(from)) names.set(from, `T${names.size + 1}`);
  const nameOf = (operation: number) => names.get(operation) ?? "?";
  // There may be two edges between the same two: each has a name of its own.
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

/** What stands in a transaction's box: who it was, and what it did. */
function linesOf(run: Run, operation: number, name: string): string[] {
  const node = run.nodeOf(operation);
  const who = `${name} · process ${run.columns.operationProcess[operation]}`;
  const { invocation, completion } = run.valuesOf(operation);
  const steps = microOperations(completion || invocation);
  const more = steps.length - MAX_LINES;
  return [
    visible(node === "" ? who : `${who} on ${node}`),
    ...steps.slice(0, MAX_LINES).map(visible),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].map((line) =>
    line.length <= MAX_LINE_LENGTH ? line : `${line.slice(0, MAX_LINE_LENGTH - 1)}…`,
  );
}

/** A transaction's steps, in a line each; of one whose text was cut, that text. */
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

/** A step's sentence without the relation, which stands above it. */
function meaningOf({ sentence, relation }: CycleStep): string {
  const end = ` (${relation})`;
  return sentence.endsWith(end) ? sentence.slice(0, -end.length) : sentence;
}

/** Lines of whole words, as far as these are short enough. */
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

/** Numbers that the layout has set for each. */
function placed({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box {
  return { x, y, width, height };
}
