/** Describes the values of fault operations, as histories store them, in words and arrows. */
import { isObject } from "../../protocol/message.ts";
import type { Json, NodeId } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";
import { compareNaturally } from "../natural-order.ts";
import { groupsOf } from "./cut-groups.ts";

/** Sources that are blocked, by destination. */
type Cuts = ReadonlyMap<NodeId, ReadonlySet<NodeId>>;

/** Describes an entry of the nemesis: what it did, or why it failed. */
export function describeFaultEntry({ value, error }: Pick<Operation, "value" | "error">): string {
  const what = describeFault(value);
  if (error === undefined) return what;
  const reason = Array.isArray(error) ? String(error[1] ?? error[0]) : JSON.stringify(error);
  return `${what === "" ? "" : `${what}, `}failed: ${reason}`;
}

/**
 * Describes what an operation of the nemesis did: `"n0 n1 | n2"`, `"n0 → n1 cut"`, `"n0 n2 killed"`.
 * Other values, such as the kind that is about to start, are returned as text.
 */
export function describeFault(value: Json): string {
  if (typeof value === "string") return WORDS[value] ?? value;
  if (value === null) return "";
  const [name, grudge] = Array.isArray(value) ? value : [];
  const cuts = name === "isolated" ? cutsOf(grudge) : undefined;
  if (cuts !== undefined) return describeCuts(cuts);
  return describeNodes(value) ?? JSON.stringify(value);
}

const WORDS: Readonly<Record<string, string>> = {
  "network-healed": "healed",
  "network-reliable": "reliable again",
  "disks-healed": "disks work again",
};

function cutsOf(grudge: unknown): Cuts | undefined {
  if (!isObject(grudge)) return undefined;
  const entries = Object.entries(grudge).map(
    ([dest, sources]) =>
      [dest, new Set(Array.isArray(sources) ? sources.map(String) : [])] as const,
  );
  return new Map(entries.filter(([, sources]) => sources.size > 0));
}

/** Describes process faults, which list each node with what was done to it. */
function describeNodes(value: Json): string | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0) return "no node";
  const byDeed = Map.groupBy(entries, ([, deed]) => String(deed));
  return [...byDeed]
    .map(([deed, affected]) => `${namesOf(affected.map(([node]) => node))} ${deed}`)
    .join(", ");
}

function describeCuts(cuts: Cuts): string {
  if (cuts.size === 0) return "no link cut: too few nodes";
  return describeGroups(cuts) ?? describeLinks(cuts);
}

/** Describes a partition into groups that cannot reach each other; `undefined` if it is another. */
function describeGroups(cuts: Cuts): string | undefined {
  const sources = [...cuts.values()].flatMap((each) => [...each]);
  const nodes = [...new Set([...cuts.keys(), ...sources])].sort(compareNaturally);
  const isCut = (one: NodeId, other: NodeId) => cuts.get(one)?.has(other) === true;
  const groups = groupsOf(nodes, isCut) ?? [];
  return groups.length > 1 ? groups.map(namesOf).join(" | ") : undefined;
}

/** Describes cut links: senders → receivers, or ↔ if both directions are cut. */
function describeLinks(cuts: Cuts): string {
  const byArrow = { "↔": new Map<NodeId, NodeId[]>(), "→": new Map<NodeId, NodeId[]>() };
  for (const [dest, sources] of cuts) {
    for (const source of sources) {
      const isMutual = cuts.get(source)?.has(dest) === true;
      // A mutual cut is listed once, from the smaller name.
      if (isMutual && compareNaturally(source, dest) > 0) continue;
      const arrow = byArrow[isMutual ? "↔" : "→"];
      arrow.set(source, [...(arrow.get(source) ?? []), dest]);
    }
  }
  const routes = Object.entries(byArrow).flatMap(([arrow, receiversOf]) => {
    const bySources = Map.groupBy(receiversOf, ([, receivers]) => namesOf(receivers));
    return [...bySources].map(([receivers, sources]) => ({
      sources: sources.map(([source]) => source).sort(compareNaturally),
      text: `${namesOf(sources.map(([source]) => source))} ${arrow} ${receivers}`,
    }));
  });
  const sorted = routes.sort((one, other) =>
    compareNaturally(one.sources[0] ?? "", other.sources[0] ?? ""),
  );
  return `${sorted.map(({ text }) => text).join(", ")} cut`;
}

function namesOf(nodes: readonly NodeId[]): string {
  return nodes.toSorted(compareNaturally).join(" ");
}
