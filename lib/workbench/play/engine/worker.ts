/** Entry point of a worker: runs one program, request by request. */
import { errorText } from "../../../vortex/error-text.ts";
import type { AnyProgram } from "../../../vortex/index.ts";
import { VirtualClock } from "../../clusters/virtual-clock.ts";
import type { Decisions } from "../../decisions.ts";
import type { Operation } from "../../history/history.ts";
import type { JournalEvent } from "../../network/journal.ts";
import type { LogLine } from "../../run/log-line.ts";
import { carryOutSimulation, type FirstRun, firstRun } from "../../run/simulation.ts";
import { TestCrash } from "../../run/test-crash.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { explore } from "../../search/explore.ts";
import { Inspector } from "./inspector.ts";
import { LoadError, loadProgram } from "./load-program.ts";
import { type Posted, post, received } from "./post.ts";
import type { Reply, Request, RunRequest } from "./protocol.ts";
import { runInTurns } from "./turns.ts";

/** Globals that a program must not use, and what replaces them: a simulation has its own time and network. */
const REFUSED: Readonly<Record<string, string>> = {
  setTimeout: "node.after",
  setInterval: "node.every",
  fetch: "messages",
  WebSocket: "messages",
  Worker: "messages",
};

const nextTask = globalThis.setTimeout.bind(globalThis);
for (const [name, instead] of Object.entries(REFUSED)) {
  Reflect.set(globalThis, name, () => {
    throw new Error(`${name} does not work in a simulation. Use ${instead}`);
  });
}

const rejections: unknown[] = [];
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  rejections.push(event.reason);
});

let program: AnyProgram | undefined;

async function reply(request: Request): Promise<Reply> {
  try {
    if (request.type === "run") return await run(request);
    program = await loadProgram(request);
    return { type: "loaded" };
  } catch (error) {
    if (error instanceof LoadError) return { type: "problem", problem: error.problem };
    return { type: "crash", text: error instanceof TestCrash ? error.message : errorText(error) };
  }
}

async function run(request: RunRequest): Promise<Reply> {
  const { options, args = [], decisions, isRecorded, inspected } = request;
  if (program === undefined) throw new Error("No program is loaded");
  const startedMs = performance.now();
  const history: Operation[] = [];
  const messages: JournalEvent[] = [];
  const logs: LogLine[] = [];
  const remarks: string[] = [];
  let decided: Decisions | undefined;
  const explored = explore(options);
  const inspector = inspected === undefined ? undefined : new Inspector(inspected);
  const clock = inspector?.clock ?? new VirtualClock();
  const recording = {
    onOperation: (operation: Operation) => void history.push(operation),
    onMessage: (event: JournalEvent) => void messages.push(event),
    onLog: (line: LogLine) => void logs.push(line),
    onRemark: (text: string) => void remarks.push(text),
    onDecisions: (recorded: Decisions) => {
      decided = recorded;
    },
  };
  const { parts } = explored;
  const recorded = isRecorded ? recording : {};
  const observing = { ...recorded, ...inspector?.observing(recorded) };
  const given = { program, args, decisions, parts, ...observing };
  const first = firstRun(given);
  if (first !== undefined) await runFirst(explored.options, first);
  rejections.length = 0;
  const task = carryOutSimulation(explored.options, first?.next() ?? given, clock);
  const check = await runInTurns(clock, task);
  // Rejections are reported in a task of their own.
  await new Promise((resolve) => nextTask(resolve, 0));
  if (rejections.length > 0) {
    throw new TestCrash(
      `A node crashed: unhandled promise rejection. Await the promise, or catch its rejection\n${errorText(rejections[0])}`,
    );
  }
  const result = check();
  const record = isRecorded ? { history, messages, logs, remarks, decisions: decided } : undefined;
  const inspections = inspector?.inspections();
  return { type: "result", result, record, inspections, tookMs: performance.now() - startedMs };
}

/** Carries out a run that only records. */
async function runFirst(options: TestOptions, { simulation }: FirstRun): Promise<void> {
  const clock = new VirtualClock();
  try {
    await runInTurns(clock, carryOutSimulation(options, simulation, clock));
  } catch (error) {
    if (!(error instanceof TestCrash)) throw error;
  }
  // Unhandled rejections are reported in a task of their own.
  await new Promise((resolve) => nextTask(resolve, 0));
}

/** The page sends a port, and its requests through it. */
self.addEventListener("message", (event) => {
  const [port] = event.ports;
  if (port === undefined) return;
  let last = Promise.resolve();
  port.addEventListener("message", ({ data }: MessageEvent<Posted<Request>>) => {
    // One at a time: they share the program.
    last = last.then(async () => {
      const answer = await reply(received(data));
      try {
        post(port, answer);
      } catch (error) {
        post(port, { type: "crash", text: errorText(error) });
      }
    });
  });
  port.start();
});
