/** Finds the place where a program stalls, by a second run in another process. */
import * as v from "valibot";
import { simulate } from "../run/simulate.ts";
import type { TestOptions } from "../run/test-options.ts";
import { sampled } from "./progress-watch.ts";
import { selfCommand } from "./self.ts";
import type { ProgramSimulation } from "./simulate-program.ts";
import type { StalledProgram } from "./stalled-program.ts";

/** Maximum time of the second run, in ms. */
const TIMEOUT_MS = 30_000;
const Places = v.array(v.string());

/**
 * Adds the places of the program to the message of a stall. The same seed stalls at the same event.
 *
 * Without the optimising compilers, whose code has no line numbers.
 */
export async function addPlaces(stall: StalledProgram, seed: number): Promise<void> {
  const given = process.argv.slice(process.argv.indexOf("sim") + 1);
  const args = given.filter((word) => word !== "--supervised" && word !== "--worker");
  const sample = ["sim", "--sample", `${seed}:${stall.eventCount}`, ...args];
  const child = Bun.spawn([...selfCommand(), ...sample], {
    env: { ...process.env, BUN_JSC_useDFGJIT: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  stall.setPlaces(placesIn(await child.stdout.text()));
}

function placesIn(text: string): readonly string[] {
  try {
    return v.parse(Places, JSON.parse(text));
  } catch {
    return []; // It ran differently: the program is not deterministic.
  }
}

/** Runs a simulation up to the event that stalls, and prints the places as JSON. */
export function printPlaces(
  options: TestOptions,
  subject: Pick<ProgramSimulation, "program" | "args" | "parts" | "decisions">,
  eventCount: number,
): void {
  let found: readonly string[] = [];
  const repeatStep = sampled(eventCount, (places) => {
    found = places;
  });
  try {
    simulate(options, { ...subject, repeatStep });
  } catch {
    // It stalls again.
  }
  process.stdout.write(JSON.stringify(found));
}
