/** The effects of faults over time: nodes that are down or paused, links that are cut. */
import { isObject } from "../../../../protocol/message.ts";
import { partitionPoint } from "../../../checkers/partition-point.ts";
import type { History, Operation } from "../../../history/history.ts";
import { describeFaultEntry } from "../../../nemesis/describe-fault.ts";

export interface Condition {
  /** The time from which it holds, in ticks. */
  readonly from: number;
  readonly down: ReadonlySet<string>;
  readonly paused: ReadonlySet<string>;
  /** Cut links: blocked senders by receiver. */
  readonly cuts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Description of the nemesis's operation at this time. */
  readonly text: string;
}

const NOTHING: Condition = {
  from: Number.NEGATIVE_INFINITY,
  down: new Set(),
  paused: new Set(),
  cuts: new Map(),
  text: "",
};

/** Links that faults cut, by the name of the fault. */
type Cuts = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** Follows what the nemesis did, in the order of time. */
export function conditionsOf(history: History, tickNs: number): readonly Condition[] {
  const conditions: Condition[] = [];
  let cuts: Cuts = new Map();
  const begun = new Set<string>();
  for (const operation of history) {
    if (operation.process !== "nemesis") continue;
    // Of the two entries of an operation, the second one says what was done.
    if (!begun.delete(operation.f)) {
      begun.add(operation.f);
      continue;
    }
    const before = conditions.at(-1) ?? NOTHING;
    cuts = cutsAfter(cuts, operation);
    conditions.push({
      from: Math.round(operation.time / tickNs),
      ...nodesAfter(before, operation),
      cuts: union(cuts),
      text: describeOperation(operation),
    });
  }
  return conditions;
}

/** Names the fault that starts or ends, unless nodes are listed with what was done to each of them. */
function describeOperation(operation: Operation): string {
  const { f, value, error } = operation;
  const what = describeFaultEntry(operation);
  if (error === undefined && isObject(value) && Object.keys(value).length > 0) return what;
  const { verb, name } = split(f);
  const head = verb === undefined ? name : `${name} ${verb === "start" ? "starts" : "ends"}`;
  return what === "" ? head : `${head}: ${what}`;
}

/** Splits the name of an operation, such as `start-kill`. */
function split(f: string): { readonly verb?: string | undefined; readonly name: string } {
  const [, verb, name = f] = /^(start|stop)-(.*)$/.exec(f) ?? [];
  return { verb, name };
}

/** The condition at a time, in ticks. */
export function conditionAt(conditions: readonly Condition[], time: number): Condition {
  const count = partitionPoint(
    conditions.length,
    (index) => (conditions[index]?.from ?? 0) <= time,
  );
  return conditions[count - 1] ?? NOTHING;
}

/** Nodes that are affected list what was done to each of them: `{ "n1": "killed" }`. */
function nodesAfter(
  { down, paused }: Condition,
  { value, error }: Operation,
): Pick<Condition, "down" | "paused"> {
  if (error !== undefined || !isObject(value)) return { down, paused };
  const [nextDown, nextPaused] = [new Set(down), new Set(paused)];
  for (const [node, deed] of Object.entries(value)) {
    if (typeof deed !== "string") continue;
    if (deed.startsWith("killed")) {
      nextDown.add(node);
      // A process that is killed is no longer stopped.
      nextPaused.delete(node);
    } else if (deed === "started") nextDown.delete(node);
    else if (deed === "paused") nextPaused.add(node);
    else if (deed === "resumed") nextPaused.delete(node);
  }
  return { down: nextDown, paused: nextPaused };
}

function cutsAfter(cuts: Cuts, { f, value, error }: Operation): Cuts {
  const { verb, name } = split(f);
  if (error !== undefined) return cuts;
  if (verb === "stop") return new Map([...cuts].filter(([other]) => other !== name));
  const [kind, grudge] = Array.isArray(value) ? value : [];
  if (kind !== "isolated" || !isObject(grudge)) return cuts;
  const blocked = Object.entries(grudge).map(([dest, sources]) => {
    return [dest, new Set(Array.isArray(sources) ? sources.map(String) : [])] as const;
  });
  return new Map([...cuts, [name, new Map(blocked)]]);
}

function union(cuts: Cuts): Condition["cuts"] {
  const [only, ...others] = cuts.values();
  if (only === undefined || others.length === 0) return only ?? NOTHING.cuts;
  const all = new Map<string, ReadonlySet<string>>();
  for (const blocked of cuts.values()) {
    for (const [dest, sources] of blocked) {
      all.set(dest, new Set([...(all.get(dest) ?? []), ...sources]));
    }
  }
  return all;
}

/** Whether messages from one node to another are dropped. */
export function isCut({ cuts }: Condition, src: string, dest: string): boolean {
  return cuts.get(dest)?.has(src) === true;
}
