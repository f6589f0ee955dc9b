/**
 * Compares the checkers of linearizability with Porcupine, on its own test data and on histories of
 * lin-kv. Checking alone, of operations already parsed (lin-kv: of the history), without explanations, in
 * processor time of all threads: of the first check of a process, and the median of several rounds later.
 *
 *   bun test/bench/porcupine.ts [--rounds 3] [--timeout SECONDS] [--only TEXT]
 *
 * A first check includes the compilation of what it runs. Porcupine is compiled before, so its first
 * check is not shown: it takes as long as others.
 *
 * Needs Go for Porcupine's half, and says so if it is missing. Porcupine searches the keys of a history on
 * all cores at once, Vortex one after the other, so on a quiet machine Porcupine waits less.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as v from "valibot";
import type { Json } from "../../lib/vortex/index.ts";
import { mergeValidity, type Validity } from "../../lib/workbench/checkers/checker.ts";
import { searchParts } from "../../lib/workbench/checkers/linearizable/check-parts.ts";
import type { AnyModel } from "../../lib/workbench/checkers/linearizable/model.ts";
import { partsOf } from "../../lib/workbench/checkers/linearizable/parts.ts";
import { newLinearizableSearch } from "../../lib/workbench/checkers/linearizable/real-time-order.ts";
import type { Mapping } from "../../lib/workbench/checkers/map-history.ts";
import { checkLinearizable } from "../../lib/workbench/checkers/register/linearizable.ts";
import { type History, type Pair, pairs } from "../../lib/workbench/history/history.ts";
import {
  etcdCases,
  etcdModel,
  kvCases,
  kvModel,
  wholeKvModel,
} from "../support/histories/porcupine.ts";
import { registerHistory } from "../support/histories/register-model.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    timeout: { type: "string", default: "60" },
    only: { type: "string", default: "" },
    /** Measures the first check of this case: each in a process of its own. */
    first: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const timeoutMs = Number(flags.timeout) * 1000;

type ModelName = "etcd" | "kv" | "whole kv" | "register";

interface Case {
  readonly name: string;
  readonly model: ModelName;
  readonly history: History;
  /** Prepares a check; what it returns is measured. */
  readonly prepare: () => () => Validity;
}

/** An operation as the Go program reads it. */
interface GoOperation {
  readonly client: number;
  readonly call: number;
  /** 0 if indefinite. */
  readonly return: number;
  readonly f: string;
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly ok: boolean;
}

const WARM_UP_MS = 1000;
const MAX_STEPS = 200_000_000;
const NULL = -1;
const numberOf = (value: Json | undefined): number => (typeof value === "number" ? value : NULL);
const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function goOperation(pair: Pair, model: ModelName): GoOperation | undefined {
  const { invocation, completion } = pair;
  if (completion?.type === "fail") return undefined;
  const isOk = completion?.type === "ok";
  const { f } = invocation;
  const isRead = f === "read" || f === "get";
  if (isRead && !isOk) return undefined;
  const [key, argument] =
    model === "etcd" || !Array.isArray(invocation.value)
      ? [null, invocation.value]
      : invocation.value;
  const returned =
    model === "etcd" || !Array.isArray(completion?.value) ? completion?.value : completion.value[1];
  if (model === "register" && isRead && returned === null) return undefined;
  const [from, to] = Array.isArray(argument) ? argument : [isRead ? returned : null, argument];
  return {
    client: Number(invocation.process),
    call: invocation.index + 1,
    return: isOk ? completion.index + 1 : 0,
    f,
    key: key === null || key === undefined ? "" : String(key),
    from: numberOf(from),
    to: numberOf(to),
    text: textOf(isRead ? returned : argument),
    ok: returned === true,
  };
}

async function cases(): Promise<Case[]> {
  const etcd = await etcdCases();
  const kv = await kvCases();
  const lin = (
    name: string,
    options: Omit<Parameters<typeof registerHistory>[0], "seed">,
  ): Case => ({
    name: `lin-kv, ${name}`,
    model: "register",
    ...linKv(registerHistory({ seed: 1, ...options })),
  });
  const many = { concurrency: 20, keys: 100, values: 5, indefinite: 0 };
  return [
    ...etcd.map(({ name, history }) => ({
      name: `etcd, ${name}`,
      model: "etcd" as const,
      history,
      prepare: () => preparedCheck(etcdModel, history),
    })),
    ...kv.map(({ name, history }) => ({
      name: `key-value, ${name}, by key`,
      model: "kv" as const,
      history,
      prepare: () => preparedCheck(kvModel, history),
    })),
    ...kv
      .filter(({ name }) => !name.startsWith("c50"))
      .map(({ name, history }) => ({
        name: `key-value, ${name}, whole`,
        model: "whole kv" as const,
        history,
        prepare: () => preparedCheck(wholeKvModel, history),
      })),
    lin("50,000 operations, 100 keys", { ...many, operations: 50_000 }),
    lin("300,000 operations, 100 keys", { ...many, operations: 300_000 }),
    lin("4,000 operations, 1 key, 4 % indefinite", {
      ...many,
      keys: 1,
      operations: 4000,
      indefinite: 0.04,
    }),
  ];
}

/** Parses the operations and splits them by key, as Porcupine gets them. */
function preparedCheck(model: unknown, history: History): () => Validity {
  // Forced: each model checks the histories that it was written for.
  const untyped = model as AnyModel<unknown> & Mapping;
  const parts = partsOf(history, untyped, undefined);
  return () =>
    mergeValidity(
      searchParts(parts, untyped, newLinearizableSearch, {}, { maxSteps: MAX_STEPS }).map(
        ({ valid }) => valid,
      ),
    );
}

/** This check includes all that happens before the search. */
function linKv(history: History): Pick<Case, "history" | "prepare"> {
  return { history, prepare: () => () => checkLinearizable(history).valid };
}

interface Timed {
  readonly result: string;
  readonly ms: number;
}

const GoResult = v.object({ name: v.string(), result: v.string(), ms: v.number() });

async function compilePorcupine(): Promise<string | undefined> {
  if (Bun.which("go") === null) return undefined;
  const program = join(tmpdir(), `vortex-porcupine-${process.pid}`);
  const folder = join(import.meta.dir, "peers/porcupine");
  const { exitCode, stderr } = Bun.spawnSync(["go", "build", "-o", program, "."], { cwd: folder });
  if (exitCode !== 0) throw new Error(`Cannot build Porcupine's half: ${stderr.toString()}`);
  return program;
}

async function timePorcupine(program: string, { name, model, history }: Case): Promise<Timed> {
  const operations = pairs(history).flatMap((pair) => goOperation(pair, model) ?? []);
  const input = JSON.stringify({ name, model, rounds, timeoutMs, operations });
  const child = Bun.spawn([program], { stdin: new Blob([input]), stdout: "pipe" });
  const { result, ms } = v.parse(GoResult, JSON.parse(await new Response(child.stdout).text()));
  return { result: { Ok: "valid", Illegal: "invalid" }[result] ?? "unknown", ms };
}

/** Measures one check. */
function timeOnce(check: () => Validity): { readonly valid: Validity; readonly ms: number } {
  const began = process.cpuUsage();
  const valid = check();
  const { user, system } = process.cpuUsage(began);
  return { valid, ms: (user + system) / 1000 };
}

/** Measures the first check of a process. */
async function timeFirst(name: string): Promise<number> {
  const command = [process.execPath, import.meta.path, "--first", name];
  const child = Bun.spawn(command, { stdout: "pipe" });
  return Number(await new Response(child.stdout).text());
}

/** Measures a check again and again, once its code is compiled. */
function timeVortex({ prepare }: Case): Timed {
  const check = prepare();
  let valid: Validity = check();
  const until = performance.now() + WARM_UP_MS;
  let warmUpCount = 1;
  for (; performance.now() < until; warmUpCount++) valid = check();
  // Short checks are measured together: the clock ticks in microseconds, and reading it takes some.
  const batch = Math.max(1, Math.floor(warmUpCount / 50));
  const times = Array.from({ length: rounds }, () => {
    const { ms } = timeOnce(() => {
      for (let count = 0; count < batch; count++) valid = check();
      return valid;
    });
    return ms / batch;
  });
  const [ms = 0] = times.sort((one, other) => one - other).slice(rounds >> 1);
  return { result: { true: "valid", false: "invalid", unknown: "unknown" }[`${valid}`], ms };
}

if (flags.first !== undefined) {
  const found = (await cases()).find(({ name }) => name === flags.first);
  if (found === undefined) throw new Error(`No such case: ${flags.first}`);
  console.log(timeOnce(found.prepare()).ms);
  process.exit();
}

const program = await compilePorcupine();
if (program === undefined) console.error("Go is missing: install it to run Porcupine as well");
const etcd = { ours: 0, theirs: 0, count: 0, differing: 0 };
console.log("| history | verdict | Vortex, ms | Porcupine, ms | ratio | Vortex at first, ms |");
console.log("| --- | --- | ---: | ---: | ---: | ---: |");
for (const each of await cases()) {
  if (!each.name.includes(flags.only)) continue;
  const ours = timeVortex(each);
  const theirs = program === undefined ? undefined : await timePorcupine(program, each);
  const differs = theirs !== undefined && theirs.result !== ours.result;
  if (each.model === "etcd") {
    etcd.ours += ours.ms;
    etcd.theirs += theirs?.ms ?? 0;
    etcd.count++;
    if (differs) etcd.differing++;
    continue;
  }
  if (etcd.count > 0) {
    row(
      `etcd, all ${etcd.count}`,
      etcd.differing === 0 ? "same" : `${etcd.differing} differ`,
      etcd.ours,
      etcd.theirs,
      undefined,
    );
    etcd.count = 0;
  }
  const verdict = differs ? `${ours.result}; Porcupine: ${theirs.result}` : ours.result;
  row(each.name, verdict, ours.ms, theirs?.ms, await timeFirst(each.name));
}
if (program !== undefined) await Bun.file(program).delete();

function row(
  name: string,
  verdict: string,
  ours: number,
  theirs: number | undefined,
  first: number | undefined,
): void {
  const digits = (ms: number) => ms.toFixed(ms < 10 ? 2 : 0);
  const other =
    theirs === undefined
      ? " | "
      : `${digits(theirs)} | ${(ours / Math.max(theirs, 0.001)).toFixed(2)}`;
  const atFirst = first === undefined ? "" : digits(first);
  console.log(`| ${name} | ${verdict} | ${digits(ours)} | ${other} | ${atFirst} |`);
}
