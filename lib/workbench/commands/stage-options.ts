import { Command } from "commander";
import type { Stage } from "../stages.ts";
import type { TestOptions } from "../test-options.ts";
import { addTestFlags, type TestFlags, testOptions } from "./test-flags.ts";

/** What a stage's command means, with a random seed unless one is given. */
export function stageOptions({ id, flags }: Stage, seed?: number): TestOptions {
  const command = addTestFlags(new Command(id)).parse(flags.split(" "), { from: "user" });
  return testOptions({ ...command.opts<TestFlags>(), ...(seed === undefined ? {} : { seed }) });
}
