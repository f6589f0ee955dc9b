import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { ROOT, temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const FORGETFUL = `
  import * as v from "valibot";
  export function forgetful(node) {
    let last = 0;
    node.handle("generate", v.object({}), () => ({ type: "generate_ok", id: node.id + "-" + ++last }));
  }`;
const TEST = ["-w", "unique-ids", "--node-count", "3", "--rate", "20", "--time-limit", "10"];
const SIM = ["sim", "", ...TEST, "--nemesis", "kill,pause", "--nemesis-interval", "3"];
const Summary = v.object({
  failures: v.array(v.looseObject({ seed: v.number(), command: v.string() })),
});

describe("vortex sim --search", () => {
  test.concurrent("prints a command that repeats the run of a sweep, on any number of processes", async () => {
    const file = join(temporaryDirectory(), "forgetful.ts");
    writeFileSync(file, FORGETFUL);
    const sweep = [...SIM.with(1, file), "--search", "swarm", "--seeds", "1..12", "--json"];
    const [one, two] = await Promise.all([
      vortex(...sweep, "--jobs", "1"),
      vortex(...sweep, "--jobs", "2"),
    ]);
    expect(one.stdout).toBe(two.stdout);
    const { failures } = v.parse(Summary, JSON.parse(one.stdout));
    const [failure] = failures;
    expect(failure?.command).toContain(`--search swarm --seed ${failure?.seed}`);
    const words = failure?.command.split(" ").slice(1) ?? [];
    const [again, onceMore] = await Promise.all([vortex(...words), vortex(...words)]);
    expect(again.exitCode).toBe(1);
    expect(again.stdout).toBe(onceMore.stdout);
  });

  test.concurrent.each([
    ["swarn", 'Unknown strategy "swarn". Did you mean "swarm"?'],
    ["mixed,swarm", '"mixed" cannot be combined with others.'],
  ])("refuses %s", async (strategies, problem) => {
    const file = join(ROOT, "challenges/unique-ids.ts");
    const { exitCode, stderr } = await vortex(...SIM.with(1, file), "--search", strategies);
    expect(exitCode).toBe(254);
    expect(stderr).toContain(problem);
  });
});
