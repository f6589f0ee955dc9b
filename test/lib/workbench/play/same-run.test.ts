/** Simulations in the browsers, which must be those of `vortex sim`, to the byte. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { parseJson } from "../../../../lib/vortex/index.ts";
import type { LoadRequest, RunRequest } from "../../../../lib/workbench/play/engine/protocol.ts";
import { simulate } from "../../../../lib/workbench/run/simulate.ts";
import {
  DEFAULTS,
  nodeNames,
  type TestOptions,
} from "../../../../lib/workbench/run/test-options.ts";
import { explore } from "../../../../lib/workbench/search/explore.ts";
import { describeInBrowsers } from "../../../support/browsers.ts";
import { challengeBundles } from "../../../support/play/challenge-bundles.ts";
import { type OpenedSandbox, openSandbox } from "../../../support/play/opened-sandbox.ts";
import { CHALLENGES } from "../../../support/simulations/challenges.ts";

setDefaultTimeout(120_000);

/** A short test of a challenge, in which latencies, faults and syncs of disks are drawn. */
function optionsOf(workload: string): TestOptions {
  return {
    ...DEFAULTS,
    workload,
    nodeIds: nodeNames(3),
    concurrency: 6,
    rate: 40,
    timeLimitS: 4,
    recoveryS: 2,
    latency: { meanMs: 5, distribution: "exponential" },
    nemesis: ["partition", "kill", "loss"],
    nemesisIntervalS: 1,
    consistencyModels: workload.startsWith("txn") ? ["read-committed"] : DEFAULTS.consistencyModels,
    seed: 7,
  };
}

/** The outcome of a run, without what differs between machines. */
interface Observed {
  readonly valid: unknown;
  readonly count: number;
  readonly history: string;
  readonly messages: string;
}

function hashOf(values: readonly unknown[]): string {
  const text = values.map((each) => JSON.stringify(each)).join("\n");
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

function observeHere(name: string, given: TestOptions, program = CHALLENGES[name]): Observed {
  const history: unknown[] = [];
  const messages: unknown[] = [];
  if (program === undefined) throw new Error(`Unknown challenge "${name}"`);
  const { options, parts } = explore(given);
  const { valid } = simulate(options, {
    program,
    parts,
    onOperation: (operation) => history.push(operation),
    onMessage: (event) => messages.push(event),
  });
  const count = history.length;
  return { valid, count, history: hashOf(history), messages: hashOf(messages) };
}

const NAMES = Object.keys(CHALLENGES);
const bundles = challengeBundles(NAMES);

describeInBrowsers("A simulation", (browser) => {
  let opened: OpenedSandbox;
  beforeAll(async () => {
    opened = await openSandbox(browser);
  });
  afterAll(() => opened.close());

  const evaluate = async (call: string, ...args: readonly unknown[]): Promise<unknown> =>
    opened.page.evaluate(`${call}(${args.map((each) => JSON.stringify(each)).join(", ")})`);

  const load = (source: string): LoadRequest => ({
    type: "load",
    files: [{ name: "program.ts", source }],
  });
  const runOf = (options: TestOptions): RunRequest => ({ type: "run", options, isRecorded: true });

  test.each(NAMES)("a run of %s has the history and the messages of vortex sim", async (name) => {
    const options = optionsOf(name);
    const here = observeHere(name, options);
    const source = (await bundles).get(name) ?? "";
    const there = await evaluate("run", load(source), runOf(options));
    expect(here.count).toBeGreaterThan(50);
    expect(there).toMatchObject(here);
  });

  test("a search draws the same tests", async () => {
    const options: TestOptions = { ...optionsOf("broadcast"), search: ["swarm", "order"] };
    const source = (await bundles).get("broadcast") ?? "";
    const there = await evaluate("run", load(source), runOf(options));
    expect(there).toMatchObject(observeHere("broadcast", options));
  });

  test("numbers come as they were written", async () => {
    const options: TestOptions = { ...optionsOf("echo"), nemesis: [] };
    const source = `import * as v from "valibot";
      const count = JSON.rawJSON("9007199254740993");
      export function echo(node) {
        node.handle("echo", v.looseObject({}), ({ body }) => ({ ...body, type: "echo_ok", count }));
      }`;
    const count = parseJson("9007199254740993");
    const there = await evaluate("run", load(source), runOf(options));
    expect(there).toMatchObject(
      observeHere("echo", options, (node) => {
        node.handle("echo", v.looseObject({}), ({ body }) => ({ ...body, type: "echo_ok", count }));
      }),
    );
  });

  test("an error is reported with its line", async () => {
    const problemOf = (source: string) => evaluate("run", load(source), runOf(optionsOf("echo")));
    expect(await problemOf("\nlet x: = 3;")).toMatchObject({
      type: "problem",
      problem: { file: "program.ts", line: 2, text: expect.stringContaining("SyntaxError") },
    });
    expect(await problemOf('import "left-pad";')).toMatchObject({
      type: "problem",
      problem: { line: 1, text: expect.stringContaining('Cannot import "left-pad"') },
    });
    expect(await problemOf("type A = number;\n\nundefinedName();")).toMatchObject({
      type: "problem",
      problem: { line: 3, text: expect.stringContaining("undefinedName") },
    });
    expect(await problemOf("export const x = 1;")).toMatchObject({
      type: "problem",
      problem: { text: expect.stringContaining("No function is exported") },
    });
  });

  test("files that import each other in a circle are named, at the import that closes it", async () => {
    const files = [
      {
        name: "a.ts",
        source: 'import "./shared.ts";\nimport { b } from "./b.ts";\nexport const a = () => b;',
      },
      { name: "b.ts", source: '\nimport { a } from "./a.ts";\nexport const b = () => a;' },
      { name: "shared.ts", source: "" },
    ];
    const reply = await evaluate("run", { type: "load", files }, runOf(optionsOf("echo")));
    expect(reply).toMatchObject({
      type: "problem",
      problem: { file: "b.ts", line: 2, text: expect.stringContaining("a.ts → b.ts → a.ts") },
    });
  });

  test("a loop without end is ended", async () => {
    expect(await evaluate("stop", load("for (;;);"), 200)).toBe(
      "Stopped: The worker was ended before it replied",
    );
  });

  test("a program reaches neither network nor storage", async () => {
    const target = `${new URL(opened.page.url()).origin}/secret`;
    const attempts = {
      // The simulation's own refusal is only a courtesy: what it replaced can be had again.
      fetch: `delete globalThis.fetch; await fetch("${target}")`,
      request: `const request = new XMLHttpRequest(); request.open("GET", "${target}", false); request.send()`,
      socket: `new WebSocket("${target.replace("http", "ws")}")`,
      events: `await new Promise((resolve, reject) => { const source = new EventSource("${target}"); source.onopen = resolve; source.onerror = reject })`,
      script: `importScripts("${target}")`,
      module: `await import(${JSON.stringify(target)}.slice())`,
      database: `await new Promise((resolve, reject) => { const request = indexedDB.open("x"); request.onsuccess = resolve; request.onerror = reject })`,
      cache: `await caches.open("x")`,
    };
    const outcomes: Record<string, unknown> = {};
    for (const [name, attempt] of Object.entries(attempts)) {
      const source = `let outcome = "reached"; try { ${attempt} } catch { outcome = "refused" }; throw new Error(outcome);`;
      const reply = await evaluate("run", load(source), runOf(optionsOf("echo")));
      outcomes[name] = (reply as { problem: { text: string } }).problem.text;
    }
    const refused = Object.keys(attempts).map((name) => [name, "Error: refused"]);
    // An import must name its module.
    expect(outcomes).toEqual({
      ...Object.fromEntries(refused),
      module: "An import must name its module by a text",
    });
    expect(opened.requested).not.toContain("/secret");
  });
});
