/**
 * Varies the decisions of a run: a fault earlier, longer or on other nodes, a message later, an operation
 * at another time. All else stays, so what was special about the run mostly stays, too.
 *
 * A variation is as fair to the program as the run: it loses and duplicates no message, and starts no
 * fault that is not among those of the run.
 */
import type { NodeId, Random } from "../../vortex/index.ts";
import { pickOne, randomInteger } from "../../vortex/random.ts";
import {
  type DecidedOperation,
  type Decisions,
  type FaultOperation,
  linkName,
  parseLink,
} from "../decisions.ts";
import { drawMagnitude } from "./magnitude.ts";

/** Number of fresh seeds for each variation in a campaign: variations find less. */
export const SEEDS_PER_VARIATION = 15;

/** The run whose decisions are varied. */
export interface Varied {
  readonly decisions: Decisions;
  readonly nodeIds: readonly NodeId[];
  /** Number of messages on each link between servers. */
  readonly links: Readonly<Record<string, number>>;
}

const MAX_EDITS = 5;
/** Bounds of what times change by, in ns. */
const MIN_SHIFT_NS = 1e5;
const MAX_SHIFT_NS = 3e9;
const MAX_LATENESS_NS = 1e9;

type Edit = (run: Varied, random: Random) => Decisions;

/** Returns the decisions with one to five random edits. */
export function vary(run: Varied, random: Random): Decisions {
  let { decisions } = run;
  const count = 1 + randomInteger(random, MAX_EDITS);
  for (let edit = 0; edit < count; edit++) {
    decisions = pickOne(random, EDITS)({ ...run, decisions }, random);
  }
  return decisions;
}

const EDITS: readonly Edit[] = [
  // Twice: most bugs need a fault at the right time.
  shiftFault,
  shiftFault,
  changeTarget,
  repeatFault,
  dropFault,
  delayMessage,
  delayMessage,
  shiftOperation,
  delayTimer,
];

/** A start of a fault, and the stop that ends it, by their indices. */
interface Span {
  readonly start: number;
  readonly stop: number | undefined;
}

function shiftFault(run: Varied, random: Random): Decisions {
  return editSpan(run, random, (operations, { start, stop }) => {
    const byNs = drawShiftNs(random);
    // Its beginning, its end, or both.
    const which = pickOne(random, ["start", "stop", "both"]);
    return operations.map((operation, index) => {
      const moves = (index === start && which !== "stop") || (index === stop && which !== "start");
      return moves ? { ...operation, atNs: Math.max(0, operation.atNs + byNs) } : operation;
    });
  });
}

function changeTarget(run: Varied, random: Random): Decisions {
  return editSpan(run, random, (operations, { start }) =>
    operations.map((operation, index) => {
      if (index !== start || operation.thread !== "nemesis") return operation;
      return { ...operation, targets: drawTargets(operation, run.nodeIds, random) };
    }),
  );
}

/** Draws one node, or the links of one node if links are cut. */
function drawTargets(
  { targets = [] }: FaultOperation,
  nodeIds: readonly NodeId[],
  random: Random,
): string[] {
  const node = pickOne(random, nodeIds);
  if (!targets.some((target) => parseLink(target) !== undefined)) return [node];
  const others = nodeIds.filter((other) => other !== node);
  return others.flatMap((other) => [linkName(node, other), linkName(other, node)]);
}

function repeatFault(run: Varied, random: Random): Decisions {
  return editSpan(run, random, (operations, { start, stop }) => {
    const [first, last] = [operations[start], operations[stop ?? start]];
    if (first === undefined || last === undefined || stop === undefined) return operations;
    const lengthNs = run.decisions.main?.lengthNs ?? 0;
    const atNs = randomInteger(random, Math.max(1, lengthNs));
    return [...operations, { ...first, atNs }, { ...last, atNs: atNs + last.atNs - first.atNs }];
  });
}

function dropFault(run: Varied, random: Random): Decisions {
  return editSpan(run, random, (operations, { start, stop }) =>
    operations.filter((_, index) => index !== start && index !== stop),
  );
}

function editSpan(
  { decisions }: Varied,
  random: Random,
  edit: (operations: readonly DecidedOperation[], span: Span) => readonly DecidedOperation[],
): Decisions {
  const { main } = decisions;
  const spans = spansOf(main?.operations ?? []);
  if (main === undefined || spans.length === 0) return decisions;
  const edited = edit(main.operations, pickOne(random, spans));
  return { ...decisions, main: { ...main, operations: inOrder(edited) } };
}

function spansOf(operations: readonly DecidedOperation[]): readonly Span[] {
  const spans: Span[] = [];
  for (const [start, { thread, f }] of operations.entries()) {
    if (thread !== "nemesis" || !f.startsWith("start-")) continue;
    const end = `stop-${f.slice("start-".length)}`;
    const stop = operations.findIndex((other, index) => index > start && other.f === end);
    spans.push({ start, stop: stop < 0 ? undefined : stop });
  }
  return spans;
}

function delayMessage({ decisions, links }: Varied, random: Random): Decisions {
  const { messages } = decisions;
  const names = Object.keys(links);
  if (messages === undefined || names.length === 0) return decisions;
  const link = pickOne(random, names);
  const number = String(randomInteger(random, links[link] ?? 1));
  const { [link]: onLink = {} } = messages;
  // A message that is lost stays lost.
  if (onLink[number]?.length === 0) return decisions;
  const lateNs = Math.round(drawMagnitude(random, MIN_SHIFT_NS, MAX_LATENESS_NS));
  return { ...decisions, messages: { ...messages, [link]: { ...onLink, [number]: [lateNs] } } };
}

function shiftOperation({ decisions }: Varied, random: Random): Decisions {
  const { main } = decisions;
  if (main === undefined || main.operations.length === 0) return decisions;
  const moved = pickOne(random, main.operations);
  // Next to another one, so that they are concurrent; or by some time.
  const atNs =
    random.next() < 0.5
      ? pickOne(random, main.operations).atNs
      : Math.max(0, moved.atNs + drawShiftNs(random));
  const operations = main.operations.map((it) => (it === moved ? { ...it, atNs } : it));
  return { ...decisions, main: { ...main, operations: inOrder(operations) } };
}

function delayTimer({ decisions, nodeIds }: Varied, random: Random): Decisions {
  const { draws } = decisions;
  const part = `timers ${pickOne(random, nodeIds)}`;
  if (draws?.delays === undefined || draws.delays === "mean") return decisions;
  const { [part]: delays = [] } = draws.delays;
  if (delays.length === 0) return decisions;
  const late = Math.round(drawMagnitude(random, MIN_SHIFT_NS, MAX_LATENESS_NS));
  const edited = delays.with(randomInteger(random, delays.length), late);
  return { ...decisions, draws: { ...draws, delays: { ...draws.delays, [part]: edited } } };
}

function drawShiftNs(random: Random): number {
  const byNs = Math.round(drawMagnitude(random, MIN_SHIFT_NS, MAX_SHIFT_NS));
  return random.next() < 0.5 ? byNs : -byNs;
}

function inOrder(operations: readonly DecidedOperation[]): DecidedOperation[] {
  return operations.toSorted((one, other) => one.atNs - other.atNs);
}
