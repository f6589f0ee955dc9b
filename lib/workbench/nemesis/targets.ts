/** The nodes that a fault affects: a number of random ones, or those that a function picks. */
import type { NodeId } from "../../vortex/index.ts";
import { shuffle } from "../../vortex/random.ts";
import { type Eventually, InvalidNemesis, type NemesisTest } from "./definition.ts";

/** The number of affected nodes, of all nodes. */
const COUNTS = {
  one: () => 1,
  minority: (count) => Math.floor((count - 1) / 2),
  majority: (count) => Math.floor(count / 2) + 1,
  all: (count) => count,
} as const satisfies Record<RandomTarget, (count: number) => number>;

/** A number of random nodes: one, a minority, a majority, or all. */
export type RandomTarget = "one" | "minority" | "majority" | "all";
export const RANDOM_TARGETS: readonly RandomTarget[] = ["one", "minority", "majority", "all"];

/**
 * Picks nodes by what is known of the test: from the history, or from what nodes reply to an RPC. It
 * may pick none. The function's name is shown in the history.
 */
export type PickNodes = (test: NemesisTest) => Eventually<NodeId | readonly NodeId[] | undefined>;

/** The nodes that a fault affects. */
export type Target = RandomTarget | PickNodes;

/** Targets by the names that a history has for them. */
export type NamedTargets<Name extends string> = ReadonlyMap<string, Name | PickNodes>;

/**
 * Names targets.
 *
 * @param caller The public function, for the stack traces of errors.
 * @throws {InvalidNemesis} when the list is empty, or a target is unknown or repeated.
 */
export function namedTargets<Name extends string>(
  targets: readonly (Name | PickNodes)[],
  known: readonly Name[],
  caller: (...args: never[]) => unknown,
): NamedTargets<Name> {
  const named = new Map<string, Name | PickNodes>();
  for (const target of targets) {
    if (typeof target !== "function" && !known.includes(target)) {
      throw new InvalidNemesis(
        `Unknown target "${target}". Use ${known.join(", ")}, or a function that picks nodes`,
        caller,
      );
    }
    const name = typeof target === "function" ? target.name || "picked" : target;
    if (named.has(name)) {
      throw new InvalidNemesis(
        `Two targets are named "${name}". Give each function another name`,
        caller,
      );
    }
    named.set(name, target);
  }
  if (named.size === 0) throw new InvalidNemesis("targets is empty: name at least one", caller);
  return named;
}

/** Calls a function that picks nodes, unless decisions name others; in the order of the test's. */
export async function picked(pick: PickNodes, test: NemesisTest): Promise<readonly NodeId[]> {
  const nodes = await pickNodes(pick, test);
  return chooseNodes(test, () => nodes);
}

/** Calls a function that picks nodes. They are in the order of the test's. */
export async function pickNodes(pick: PickNodes, test: NemesisTest): Promise<readonly NodeId[]> {
  const nodes = await pick(test);
  const chosen = typeof nodes === "string" ? [nodes] : (nodes ?? []);
  const what = pick.name || "the function";
  if (!Array.isArray(chosen)) throw new TypeError(`${what} picked ${typeof nodes}, not nodes`);
  const unknown = chosen.find((node) => !test.nodes.includes(node));
  if (unknown !== undefined) {
    throw new TypeError(
      `${what} picked ${JSON.stringify(unknown)}, which is not among the nodes ${test.nodes.join(", ")}`,
    );
  }
  return test.nodes.filter((node) => chosen.includes(node));
}

/**
 * Affects the nodes of a target that `draw` has named: at once if they are random, so that a history
 * shows no other order.
 */
export function affectTarget<T>(
  named: NamedTargets<RandomTarget>,
  name: string,
  test: NemesisTest,
  affect: (nodes: readonly NodeId[]) => T,
): T | Promise<T> {
  const target = named.get(name) ?? "one";
  return typeof target === "function"
    ? picked(target, test).then(affect)
    : affect(drawNodes(target, test));
}

/** Draws random nodes, in the order of the test's. */
function drawNodes(target: RandomTarget, test: NemesisTest): readonly NodeId[] {
  const { nodes, random } = test;
  return chooseNodes(test, () => shuffle(random, nodes).slice(0, COUNTS[target](nodes.length)));
}

/** Returns the nodes that are drawn, or those that decisions name, in the order of the test's. */
function chooseNodes(test: NemesisTest, draw: () => readonly NodeId[]): readonly NodeId[] {
  const inOrder = (chosen: readonly NodeId[]) => test.nodes.filter((node) => chosen.includes(node));
  return inOrder(test.choose(() => inOrder(draw())));
}
