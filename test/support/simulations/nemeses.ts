import type { Operation } from "../../../lib/workbench/history/history.ts";
import type { NamedNemesis } from "../../../lib/workbench/nemesis/definition.ts";
import type { TestParts } from "../../../lib/workbench/run/test.ts";
import {
  defineNemesis,
  type FaultPart,
  type NemesisOptions,
  type NemesisTest,
} from "../../../lib/workload/index.ts";

/** Defines a nemesis for a test. */
export function nemesisOf(
  name: string,
  fault: FaultPart,
  more: Pick<NemesisOptions, "schedule"> = {},
): NamedNemesis {
  return { ...defineNemesis({ doc: `${name} of a test`, fault, ...more }), name };
}

/** The parts of a test with these nemeses, named as in its options. */
export function partsWith(...nemeses: readonly NamedNemesis[]): TestParts {
  return { nemeses: new Map(nemeses.map((nemesis) => [nemesis.name, nemesis])) };
}

/** A fault that does nothing, with some operations replaced. */
export function faultOf(make: (test: NemesisTest) => Partial<ReturnType<FaultPart>>): FaultPart {
  return (test) => ({ start: () => "started", stop: () => "stopped", ...make(test) });
}

/** The completions of the nemesis: the second entry of each of its operations. */
export function doneBy(history: readonly Operation[], f?: string): readonly Operation[] {
  const ofNemesis = history.filter(({ process }) => process === "nemesis");
  const done = ofNemesis.filter((_, index) => index % 2 === 1);
  return f === undefined ? done : done.filter((operation) => operation.f === f);
}
