/** Reduces a failing run by its decisions: operations, faults, messages, nodes, clients, times. */
import type { NodeId } from "../../vortex/index.ts";
import {
  type ClientOperation,
  type DecidedOperation,
  type Decisions,
  type FaultOperation,
  parseLink,
} from "../decisions.ts";
import type { TestOptions } from "../run/test-options.ts";
import { minimize } from "./minimize.ts";

/** A test, with the decisions of its run. */
export interface DecidedTest {
  readonly options: TestOptions;
  readonly decisions: Decisions & { readonly main: NonNullable<Decisions["main"]> };
}

/** Whether a test still fails in the same way. Returns false when the budget is spent. */
export type StillFails = (candidate: DecidedTest) => Promise<boolean>;

/** Makes candidates of a test one after the other, and keeps those that still fail. */
type Pass = (shrinking: Shrinking) => Promise<void>;

/** Repeats all passes until none of them makes the test smaller. */
export async function shrinkDecisions(
  failing: DecidedTest,
  stillFails: StillFails,
): Promise<DecidedTest> {
  const shrinking = new Shrinking(failing, stillFails);
  for (let size = Number.POSITIVE_INFINITY; sizeOf(shrinking.smallest) < size; ) {
    size = sizeOf(shrinking.smallest);
    for (const pass of PASSES) await pass(shrinking);
  }
  for (const pass of LAST_PASSES) await pass(shrinking);
  return shrinking.smallest;
}

class Shrinking {
  readonly #stillFails: StillFails;
  smallest: DecidedTest;

  constructor(failing: DecidedTest, stillFails: StillFails) {
    this.smallest = failing;
    this.#stillFails = stillFails;
  }

  get decisions(): DecidedTest["decisions"] {
    return this.smallest.decisions;
  }

  /** Tries a test, and keeps it if it still fails. */
  async try(candidate: DecidedTest): Promise<boolean> {
    const isSmaller = isFair(candidate, this.smallest) && (await this.#stillFails(candidate));
    if (isSmaller) this.smallest = candidate;
    return isSmaller;
  }

  /** Tries other decisions. */
  tryDecisions(change: Partial<DecidedTest["decisions"]>): Promise<boolean> {
    const { options, decisions } = this.smallest;
    return this.try({ options, decisions: { ...decisions, ...change } });
  }

  /** Tries other options. */
  tryOptions(change: Partial<TestOptions>): Promise<boolean> {
    const { options, decisions } = this.smallest;
    return this.try({ decisions, options: { ...options, ...change } });
  }

  /** Tries other operations of the main phase. */
  tryMain(operations: readonly DecidedOperation[], lengthNs?: number): Promise<boolean> {
    const { main } = this.decisions;
    return this.tryDecisions({
      main: { lengthNs: lengthNs ?? main.lengthNs, operations: [...operations] },
    });
  }
}

/**
 * Whether a correct program would pass a smaller test, if it passes the larger one. Without final reads, a
 * value would be lost that has not reached every node yet.
 */
function isFair(smaller: DecidedTest, larger: DecidedTest): boolean {
  const hasFinal = ({ decisions }: DecidedTest) => (decisions.final?.operations.length ?? 0) > 0;
  return hasFinal(smaller) || !hasFinal(larger);
}

/** Counts everything that passes remove. */
function sizeOf({ options, decisions }: DecidedTest): number {
  const { main, final, messages = {}, interventions = [], draws } = decisions;
  const messageCount = Object.values(messages).flatMap((link) => Object.keys(link)).length;
  const values = [...main.operations, ...(final?.operations ?? [])];
  return (
    values.reduce((sum, { value }) => sum + 1 + (Array.isArray(value) ? value.length : 0), 0) +
    messageCount +
    interventions.length +
    options.nodeIds.length +
    options.concurrency +
    Object.keys(draws ?? {}).length
  );
}

/** Drops what is left of the streams of a run without decisions: all other passes are then local. */
const withoutDraws: Pass = async (shrinking) => {
  const { draws } = shrinking.decisions;
  if (draws === undefined || draws.delays === "mean") return;
  const starts = draws.starts === undefined ? {} : { starts: draws.starts };
  for (const fewer of [{ delays: "mean" }, {}, { delays: "mean", ...starts }, starts] as const) {
    if (await shrinking.tryDecisions({ draws: fewer })) return;
  }
  const { delays = {}, ...others } = draws;
  await minimize(Object.entries(delays), (fewer) =>
    shrinking.tryDecisions({ draws: { ...others, delays: Object.fromEntries(fewer) } }),
  );
};

/** Ends the main phase earlier. */
const withoutEnd: Pass = async (shrinking) => {
  for (let isShorter = true; isShorter; ) {
    const { operations } = shrinking.decisions.main;
    const middle = operations[Math.floor(operations.length / 2)];
    if (middle === undefined || operations.length < 8) return;
    const earlier = operations.filter(({ atNs }) => atNs <= middle.atNs);
    if (earlier.length === operations.length) return;
    isShorter = await shrinking.tryMain(earlier, middle.atNs);
  }
};

/** Removes faults, each start with its stop. */
const withoutFaults: Pass = async (shrinking) => {
  const { operations } = shrinking.decisions.main;
  const faults = operations.filter((operation) => operation.thread === "nemesis");
  await minimize(pairsOf(faults), (fewer) => {
    const kept = new Set<DecidedOperation>(fewer.flat());
    return shrinking.tryMain(
      operations.filter((each) => each.thread !== "nemesis" || kept.has(each)),
    );
  });
};

/** Faults with what stops them. */
function pairsOf(faults: readonly FaultOperation[]): readonly (readonly FaultOperation[])[] {
  const pairs: FaultOperation[][] = [];
  const open = new Map<string, FaultOperation[]>();
  for (const fault of faults) {
    const [operation, name = ""] = fault.f.split(/-(.*)/s, 2);
    const started = open.get(name);
    if (operation === "stop" && started !== undefined) {
      started.push(fault);
      open.delete(name);
      continue;
    }
    const pair = [fault];
    pairs.push(pair);
    if (operation === "start") open.set(name, pair);
  }
  return pairs;
}

/** Removes operations of clients. */
const withoutOperations: Pass = async (shrinking) => {
  const { main, final } = shrinking.decisions;
  const operations: ClientOperation[] = [...main.operations, ...(final?.operations ?? [])].filter(
    (operation) => operation.thread !== "nemesis",
  );
  await minimize(operations, (fewer) => {
    const kept = new Set<DecidedOperation>(fewer);
    return shrinking.tryDecisions({
      main: {
        ...main,
        operations: main.operations.filter((each) => each.thread === "nemesis" || kept.has(each)),
      },
      ...(final === undefined
        ? {}
        : { final: { ...final, operations: final.operations.filter((each) => kept.has(each)) } }),
    });
  });
};

/** Leaves out changes by hand. */
const withoutInterventions: Pass = async (shrinking) => {
  const { interventions = [] } = shrinking.decisions;
  await minimize(interventions, (fewer) => shrinking.tryDecisions({ interventions: [...fewer] }));
};

/** Delivers messages once, after the mean latency. */
const withoutMessages: Pass = async (shrinking) => {
  const { messages = {} } = shrinking.decisions;
  const entries = Object.entries(messages).flatMap(([link, fates]) =>
    Object.entries(fates).map(([number, fate]) => ({ link, number, fate })),
  );
  await minimize(entries, (fewer) => {
    const byLink = Map.groupBy(fewer, ({ link }) => link);
    const kept = [...byLink].map(([link, fates]) => [
      link,
      Object.fromEntries(fates.map(({ number, fate }) => [number, fate])),
    ]);
    return shrinking.tryDecisions({ messages: Object.fromEntries(kept) });
  });
};

/** Removes nodes. What clients sent there goes to another node, or is left out. */
const withoutNodes: Pass = async (shrinking) => {
  for (const node of shrinking.smallest.options.nodeIds) {
    const { nodeIds, concurrency } = shrinking.smallest.options;
    if (nodeIds.length === 1) return;
    const perNode = Math.max(1, Math.floor(concurrency / nodeIds.length));
    const others = nodeIds.filter((id) => id !== node);
    for (const substitute of [others[0], undefined]) {
      const { decisions, options } = shrinking.smallest;
      const count = Math.max(threadCount(decisions), perNode * others.length);
      const candidate = {
        options: {
          ...options,
          nodeIds: others,
          concurrency: Math.ceil(count / others.length) * others.length,
        },
        decisions: withoutNode(decisions, node, substitute),
      };
      if (await shrinking.try(candidate)) break;
    }
  }
};

function withoutNode(
  decisions: DecidedTest["decisions"],
  node: NodeId,
  substitute: NodeId | undefined,
): DecidedTest["decisions"] {
  const { main, final, messages } = decisions;
  const moved = (operation: ClientOperation): ClientOperation[] => {
    if (operation.node !== node) return [operation];
    return substitute === undefined ? [] : [{ ...operation, node: substitute }];
  };
  const isOfNode = (link: string) => link === node || parseLink(link)?.includes(node) === true;
  return {
    ...decisions,
    main: {
      ...main,
      operations: main.operations.flatMap((operation): DecidedOperation[] => {
        if (operation.thread !== "nemesis") return moved(operation);
        const { targets, ...fault } = operation;
        if (targets === undefined) return [operation];
        return [{ ...fault, targets: targets.filter((target) => !isOfNode(target)) }];
      }),
    },
    ...(final === undefined
      ? {}
      : { final: { ...final, operations: final.operations.flatMap(moved) } }),
    ...(messages === undefined
      ? {}
      : {
          messages: Object.fromEntries(
            Object.entries(messages).filter(([link]) => !isOfNode(link)),
          ),
        }),
  };
}

/** Lets one client act, or numbers those that act from 0; removes the others. */
const withoutClients: Pass = async (shrinking) => {
  const { options, decisions } = shrinking.smallest;
  const { main, final } = decisions;
  const used = [...main.operations, ...(final?.operations ?? [])].map(({ thread }) => thread);
  const threads = [...new Set(used)].filter((thread) => thread !== "nemesis").sort((a, b) => a - b);
  const { length: nodeCount } = options.nodeIds;
  for (const numbers of [threads.map(() => 0), [...threads.keys()]]) {
    const least = Math.max(1, ...numbers.map((number) => number + 1));
    // Some workloads want as many clients for each node.
    for (const concurrency of [least, Math.ceil(least / nodeCount) * nodeCount]) {
      const renumbered = <T extends DecidedOperation>(operation: T): T =>
        operation.thread === "nemesis"
          ? operation
          : { ...operation, thread: numbers[threads.indexOf(operation.thread)] ?? 0 };
      const isSame = used.every((thread) => thread === "nemesis" || numbers[thread] === thread);
      if (concurrency > options.concurrency || (isSame && concurrency === options.concurrency)) {
        continue;
      }
      const candidate = {
        options: { ...options, concurrency },
        decisions: {
          ...decisions,
          main: { ...main, operations: main.operations.map(renumbered) },
          ...(final === undefined
            ? {}
            : { final: { ...final, operations: final.operations.map(renumbered) } }),
        },
      };
      if (await shrinking.try(candidate)) return;
    }
  }
};

function threadCount({ main, final }: DecidedTest["decisions"]): number {
  const operations = [...main.operations, ...(final?.operations ?? [])];
  return operations.reduce(
    (count, { thread }) => (thread === "nemesis" ? count : Math.max(count, thread + 1)),
    1,
  );
}

/** Affects fewer nodes and cuts fewer links. */
const withoutTargets: Pass = async (shrinking) => {
  for (const [index, { thread }] of shrinking.decisions.main.operations.entries()) {
    const { operations } = shrinking.decisions.main;
    const operation = operations[index];
    if (thread !== "nemesis" || operation?.thread !== "nemesis") continue;
    const { targets = [] } = operation;
    await minimizeNonEmpty(targets, (fewer) =>
      shrinking.tryMain(operations.with(index, { ...operation, targets: fewer })),
    );
  }
};

/** Shortens transactions. */
const withoutMicroOperations: Pass = async (shrinking) => {
  for (const index of shrinking.decisions.main.operations.keys()) {
    const { operations } = shrinking.decisions.main;
    const operation = operations[index];
    if (operation?.f !== "txn" || !Array.isArray(operation.value)) continue;
    await minimizeNonEmpty(operation.value, (fewer) =>
      shrinking.tryMain(operations.with(index, { ...operation, value: fewer })),
    );
  }
};

/** Like {@link minimize}, but leaves at least one item. */
async function minimizeNonEmpty<T>(
  items: readonly T[],
  isEnough: (fewer: T[]) => Promise<boolean>,
): Promise<void> {
  if (items.length < 2) return;
  await minimize(items, async (fewer) => fewer.length > 0 && (await isEnough([...fewer])));
}

/** Leaves out faults that do not occur any more. */
const withoutNemeses: Pass = async (shrinking) => {
  const used = new Set(
    shrinking.decisions.main.operations.flatMap(({ thread, f }) =>
      thread === "nemesis" ? [f.replace(/^[^-]*-/, "")] : [],
    ),
  );
  const nemesis = shrinking.smallest.options.nemesis.filter((fault) => used.has(fault));
  if (nemesis.length < shrinking.smallest.options.nemesis.length) {
    await shrinking.tryOptions({ nemesis });
  }
};

/** Leaves out the search: what it has drawn is among the decisions. */
const withoutSearch: Pass = async (shrinking) => {
  const { search, ...options } = shrinking.smallest.options;
  if (search !== undefined) await shrinking.try({ options, decisions: shrinking.decisions });
};

/** Ends phases with their last operation, and rounds times. */
const withoutTime: Pass = async (shrinking) => {
  const { main } = shrinking.decisions;
  const lastNs = Math.max(0, ...main.operations.map(({ atNs }) => atNs));
  if (lastNs < main.lengthNs) await shrinking.tryMain(main.operations, lastNs);
  const timeLimitS = Math.max(1, Math.ceil(shrinking.decisions.main.lengthNs / 1e9));
  if (timeLimitS < shrinking.smallest.options.timeLimitS)
    await shrinking.tryOptions({ timeLimitS });
  for (const unitNs of [1e7, 1e6, 1e5]) {
    const { operations, lengthNs } = shrinking.decisions.main;
    const rounded = operations.map((operation) => ({
      ...operation,
      atNs: Math.round(operation.atNs / unitNs) * unitNs,
    }));
    if (await shrinking.tryMain(rounded, Math.ceil(lengthNs / unitNs) * unitNs)) return;
  }
};

const PASSES: readonly Pass[] = [
  withoutEnd,
  withoutInterventions,
  withoutFaults,
  withoutMessages,
  withoutOperations,
  withoutDraws,
  withoutNodes,
  withoutClients,
  withoutMicroOperations,
  withoutTargets,
];
const LAST_PASSES: readonly Pass[] = [withoutSearch, withoutNemeses, withoutTime];
