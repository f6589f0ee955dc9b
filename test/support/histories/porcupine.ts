/**
 * Porcupine's own test data, and the models that its tests check it with.
 *
 * @see https://github.com/anishathalye/porcupine, `test_data` and `porcupine_test.go`, and the licence
 *   in `porcupine/`; the histories of etcd are from https://github.com/ahorn/linearizability-checker
 */
import { join } from "node:path";
import * as v from "valibot";
import type { Json } from "../../../lib/vortex/index.ts";
import {
  independent,
  type LinearizableOptions,
} from "../../../lib/workbench/checkers/linearizable/index.ts";
import { type Model, returned } from "../../../lib/workbench/checkers/linearizable/model.ts";
import type { History } from "../../../lib/workbench/history/history.ts";
import { type Entry, history, info } from "./history.ts";

export interface PorcupineCase {
  /** Name of the file. */
  readonly name: string;
  /** Verdict that Porcupine's tests expect. */
  readonly valid: boolean;
  readonly history: History;
}

/** The 102 histories of a register in etcd: `read`, `write` and `cas`. */
export function etcdCases(): Promise<PorcupineCase[]> {
  return casesOf("etcd", etcdEntry);
}

/** Histories of 1, 10 and 50 clients of a key-value store, with `[key, value]`, good and bad. */
export function kvCases(): Promise<PorcupineCase[]> {
  return casesOf("kv", kvEntry);
}

const EtcdOperations = {
  read: { result: v.nullable(v.number()) },
  write: { value: v.number() },
  // Here a cas that does not match says so, and may not happen where it matches.
  cas: { value: v.tuple([v.number(), v.number()]), result: v.boolean() },
};

export const etcdModel: Model<number | null, typeof EtcdOperations> = {
  init: null,
  operations: EtcdOperations,
  isRead: ({ f, result }) => f === "read" || result === false,
  step(state, operation) {
    if (operation.f === "read") return returned(operation, state) ? state : undefined;
    if (operation.f === "write") return operation.value;
    const [from, to] = operation.value;
    if (!returned(operation, state === from)) return undefined;
    return state === from ? to : state;
  },
};

const KvOperations = {
  get: { result: v.string() },
  put: { value: v.string() },
  append: { value: v.string() },
};

/** One key of the store. */
export const kvModel: Model<string, typeof KvOperations> &
  LinearizableOptions<typeof KvOperations> = {
  map: independent,
  init: "",
  operations: KvOperations,
  isRead: ({ f }) => f === "get",
  step(state, operation) {
    if (operation.f === "get") return returned(operation, state) ? state : undefined;
    return operation.f === "put" ? operation.value : state + operation.value;
  },
};

const Pair = v.tuple([v.string(), v.string()]);
const WholeKvOperations = {
  get: { value: v.tuple([v.string(), v.null()]), result: Pair },
  put: { value: Pair },
  append: { value: Pair },
};

/** The store as one object. */
export const wholeKvModel: Model<Readonly<Record<string, string>>, typeof WholeKvOperations> = {
  init: {},
  operations: WholeKvOperations,
  isRead: ({ f }) => f === "get",
  step(state, operation) {
    const [key] = operation.value;
    const held = state[key] ?? "";
    if (operation.f === "get") return returned(operation, [key, held]) ? state : undefined;
    const [, value] = operation.value;
    return { ...state, [key]: operation.f === "put" ? value : held + value };
  },
};

const Line = v.object({ name: v.string(), valid: v.boolean(), log: v.string() });

async function casesOf(
  file: string,
  parse: (line: string) => Entry | undefined,
): Promise<PorcupineCase[]> {
  const bytes = await Bun.file(join(import.meta.dir, `porcupine/${file}.jsonl.gz`)).bytes();
  const lines = new TextDecoder().decode(Bun.gunzipSync(bytes)).trimEnd().split("\n");
  return lines.map((line) => {
    const { name, valid, log } = v.parse(Line, JSON.parse(line));
    const entries = log.split("\n").flatMap((entry) => parse(entry) ?? []);
    return { name, valid, history: history(...entries) };
  });
}

function etcdEntry(line: string): Entry | undefined {
  const match = /^INFO\s+jepsen\.util - (\d+)\s+:(\w+)\s+:(\w+)\s+(.+)$/.exec(line);
  if (match === null) return undefined;
  const [, id = "", type = "", f = "", text = ""] = match;
  const process = Number(id);
  const value: Json = JSON.parse(
    text.replace("nil", "null").replace(" ", ",").replace(/^:.*/, "null"),
  );
  if (type === "invoke") return { type, process, f, value };
  if (f === "read" && type === "fail") return info(process);
  if (f === "cas" && type !== "info") return { type: "ok", process, value: type === "ok" };
  // Timeouts are indefinite, whether the log calls them info or fail.
  return { type: type === "ok" ? "ok" : "info", process, value };
}

function kvEntry(line: string): Entry | undefined {
  const match =
    /^\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (?:nil|"(.*)")\}$/.exec(line);
  if (match === null) return undefined;
  const [, process, type, f = "", key = "", value] = match;
  if (type !== "invoke" && type !== "ok") throw new Error(`Unknown type: ${type}`);
  return { type, process: Number(process), f, value: [key, value ?? null] };
}
