import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  any,
  clients,
  eachClient,
  type Generator,
  type Invocation,
  inOrder,
  mix,
  nemesis,
  once,
  phases,
  sleep,
  stagger,
  timeLimit,
} from "../../../../lib/workbench/clients/generator.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { randoms } from "../../../support/seeds.ts";
import { idleContext, invocations, runGenerator } from "../../../support/simulations/generators.ts";

const random = randomStream(1, "generator");
const op = (f: string): Invocation => ({ f, value: null });
const ops = (...fs: string[]) => clients(inOrder(fs.map(op)));
const endless = (f = "op") => clients(() => op(f));
const names = (history: readonly Operation[]) => invocations(history).map(({ f }) => f);
const times = (history: readonly Operation[]) => invocations(history).map(({ time }) => time / 1e9);

describe("clients", () => {
  test("emits operations until make returns undefined", () => {
    expect(names(runGenerator(ops("a", "b", "c")))).toEqual(["a", "b", "c"]);
  });

  test("assigns operations to free threads in turn", () => {
    const history = runGenerator(ops("a", "b", "c", "d", "e"), { concurrency: 3 });
    expect(invocations(history).map(({ process }) => process)).toEqual([0, 1, 2, 0, 1]);
  });

  test("waits while every thread is busy", () => {
    const history = runGenerator(ops("a", "b", "c"), { concurrency: 2, tookMs: () => 1000 });
    expect(times(history)).toEqual([0, 0, 1]);
  });
});

describe("stagger", () => {
  const staggered = (rate: number, generator: Generator) =>
    stagger(1 / rate, randomStream(1, "stagger"), generator);

  test("emits the first operation at once", () => {
    expect(times(runGenerator(staggered(0.001, ops("a"))))).toEqual([0]);
  });

  test("spaces operations by delays of the given mean, up to twice the mean", () => {
    const history = runGenerator(staggered(100, clients(inOrder(new Array(3000).fill(op("a"))))));
    const at = times(history);
    const delays = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(Math.max(...delays)).toBeLessThan(0.02);
    expect(Math.max(...delays)).toBeGreaterThan(0.019);
    expect(Math.min(...delays)).toBeLessThan(0.001);
    // Mean 10 ms, standard deviation of the sum 0.32 s.
    expect(Math.abs((at.at(-1) ?? 0) - 30)).toBeLessThan(1.6);
  });

  test("does not catch up after all threads were busy", () => {
    const tookMs = ({ f }: Invocation) => (f === "slow" ? 60_000 : 0);
    const history = runGenerator(staggered(10, ops("slow", "a", "b", "c")), { tookMs });
    const at = times(history);
    expect(at[1]).toBe(60);
    expect(at[3]).toBeGreaterThan(60);
  });

  test("counts from the due time if a timer was late by at most its slack", () => {
    const generator = stagger(0.01, { next: () => 0.5 }, endless());
    const emissions: number[] = [];
    for (let ms = 0; ms <= 100; ms += 3) {
      const context = { ...idleContext(ms * 1e6), timerSlackNs: 3e6 };
      if (generator.next(context).type === "operation") emissions.push(ms);
    }
    // Due every 10 ms, on a clock that ticks every 3: the delays do not add up.
    expect(emissions).toEqual([0, 12, 21, 30, 42, 51, 60, 72, 81, 90]);
  });

  test("catches up after a timer was late by any time, but not after a thread was missing", () => {
    const times = (isFree: boolean) => {
      const generator = stagger(0.01, { next: () => 0.5 }, endless());
      const at = (ms: number, free = true) =>
        generator.next({ ...idleContext(ms * 1e6), freeClient: () => (free ? 0 : undefined) });
      at(0);
      at(12, isFree);
      return [55, 55, 55, 55, 55, 55].map((ms) => at(ms).type);
    };
    expect(times(true)).toEqual([...new Array(4).fill("operation"), "wait", "wait"]);
    expect(times(false)).toEqual(["operation", ...new Array(5).fill("wait")]);
  });

  test("changes its state only when it emits an operation", () => {
    fc.assert(
      fc.property(randoms(), fc.array(fc.nat(20)), (source, asks) => {
        const generator = stagger(0.01, source, endless());
        generator.next(idleContext(0));
        const first = generator.next(idleContext(0));
        for (const ms of asks) {
          if (first.type === "wait" && ms * 1e6 < first.untilNs) {
            expect(generator.next(idleContext(ms * 1e6))).toEqual(first);
          }
        }
      }),
    );
  });
});

describe("timeLimit", () => {
  test("counts from the first operation, and ends before an operation due at the limit", () => {
    const every = stagger(1, { next: () => 0.5 }, endless());
    expect(times(runGenerator(timeLimit(3, every)))).toEqual([0, 1, 2]);
  });

  test("waits for operations in flight", () => {
    const history = runGenerator(timeLimit(1, endless()), { tookMs: () => 5000 });
    expect(history.map(({ type, time }) => `${type} ${time / 1e9}`)).toEqual(["invoke 0", "ok 5"]);
  });
});

describe("timeLimit over clients and faults", () => {
  test("continues when every client is busy and the next fault is due after the limit", () => {
    const faults = phases([once(op("start"), nemesis), sleep(60), once(op("stop"), nemesis)]);
    const generator = timeLimit(10, any([endless(), faults]));
    const history = runGenerator(generator, { tookMs: () => 100 });
    expect(history.filter(({ f, type }) => f === "op" && type === "ok")).toHaveLength(100);
  });
});

describe("mix", () => {
  test("draws from its generators with equal chance", () => {
    const generator = mix(random, [endless("a"), endless("b")]);
    const drawn = Array.from({ length: 1000 }, () => generator.next(idleContext(0)));
    const count = drawn.filter((step) => step.type === "operation" && step.invocation.f === "a");
    expect(Math.abs(count.length - 500)).toBeLessThan(80);
  });

  test("continues with the others when one is done", () => {
    expect(names(runGenerator(mix(random, [ops("a"), ops("b", "b", "b")]))).sort()).toEqual([
      "a",
      "b",
      "b",
      "b",
    ]);
  });
});

describe("any", () => {
  test("emits the operation that is due first", () => {
    const early = stagger(2, { next: () => 0.5 }, ops("a", "a", "a"));
    const late = phases([sleep(1), stagger(2, { next: () => 0.5 }, nemesis(inOrder([op("b")])))]);
    expect(names(runGenerator(any([early, late])))).toEqual(["a", "b", "a", "a"]);
  });

  test("takes turns, so that no generator starves", () => {
    const generator = timeLimit(1, any([endless("a"), endless("b")]));
    const emitted = names(runGenerator(generator, { tookMs: () => 10 }));
    expect(emitted.filter((f) => f === "a").length).toBe(emitted.filter((f) => f === "b").length);
  });
});

describe("phases", () => {
  test("starts each phase when no operation is in flight", () => {
    const tookMs = (_: Invocation, thread: unknown) => (thread === 1 ? 4000 : 1000);
    const generator = phases([ops("a", "a"), sleep(10), ops("b")]);
    expect(times(runGenerator(generator, { concurrency: 2, tookMs }))).toEqual([0, 0, 14]);
  });

  test("waits for the nemesis too", () => {
    const generator = phases([nemesis(inOrder([op("start")])), ops("a")]);
    expect(times(runGenerator(generator, { tookMs: () => 500 }))).toEqual([0, 0.5]);
  });
});

describe("eachClient", () => {
  test("emits one operation per thread, all at once", () => {
    const generator = eachClient((thread) => once({ f: "read", value: thread, final: true }));
    const history = runGenerator(generator, { concurrency: 3, tookMs: () => 1000 });
    expect(invocations(history).map(({ process, time, final }) => [process, time, final])).toEqual([
      [0, 0, true],
      [1, 0, true],
      [2, 0, true],
    ]);
  });
});

describe("generators that wrap others", () => {
  test("forward every operation of the history", () => {
    const heard: string[] = [];
    const listener: Generator = {
      ...ops("a"),
      update: ({ type, f }) => void heard.push(`${type} ${f}`),
    };
    const wrapped = stagger(1, random, timeLimit(9, mix(random, [any([phases([listener])])])));
    runGenerator(wrapped);
    expect(heard).toEqual(["invoke a", "ok a"]);
  });
});
