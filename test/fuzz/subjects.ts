/** What each challenge is asked while it is fuzzed: requests to spoil, and valid ones with their answers. */
import { type AnyBody, parseJson, stringifyJson } from "../../lib/vortex/index.ts";
import { NODE_IDS, type Template } from "./noise.ts";

/** A valid request, and whether an answer is right; throws or returns false if it is not. */
export interface Probe {
  readonly body: AnyBody;
  isRight(reply: AnyBody): boolean;
}

export interface Subject {
  readonly templates: readonly Template[];
  /** Words of the program's command line. */
  readonly words: readonly string[];
  /** The k-th valid request, from 0; the last one comes when all others have been answered. */
  probe(k: number, isLast: boolean): Probe;
}

/** What every node is sent besides: `init` again among it, as before, and under another name. */
const COMMON: readonly Template[] = [
  { type: '"init"', node_id: '"n0"', node_ids: JSON.stringify(NODE_IDS) },
  { type: '"init"', node_id: '"n7"', node_ids: '["n0","n7"]' },
  { type: '"topology"', topology: '{"n0":["n1"]}' },
  { type: '"no_such_type"', value: "1" },
];

const hasType = (type: string) => (reply: AnyBody) => reply["type"] === type;

const ECHOED = [
  '"a"',
  "1.0",
  "-0",
  "1e400",
  "9007199254740993",
  '{"__proto__":[1.50]}',
  '"é\\ud800"',
];

function echo(): Subject {
  return {
    templates: [...COMMON, { type: '"echo"', echo: '"Please echo 1"' }],
    words: [],
    probe: (k) => {
      const text = ECHOED[k % ECHOED.length] ?? "";
      return {
        body: { type: "echo", echo: parseJson(text) },
        isRight: (reply) => reply["type"] === "echo_ok" && stringifyJson(reply["echo"]) === text,
      };
    },
  };
}

function uniqueIds(): Subject {
  const seen = new Set<unknown>();
  return {
    templates: [...COMMON, { type: '"generate"' }],
    words: [],
    probe: () => ({
      body: { type: "generate" },
      isRight: ({ id }) => typeof id === "string" && seen.size < seen.add(id).size,
    }),
  };
}

/** Whether a list holds all that was added. */
function holds(list: unknown, added: ReadonlySet<string>): boolean {
  if (!Array.isArray(list)) return false;
  const held = new Set(list.filter((element) => typeof element === "string"));
  return added.isSubsetOf(held);
}

/** Adds values; the last request reads all of them. */
function setOf(type: string, field: string, readField: string, templates: Template[]): Subject {
  const added = new Set<string>();
  return {
    templates: [...COMMON, ...templates],
    words: [],
    probe: (k, isLast) => {
      const value = `probe ${k}`;
      if (!isLast) added.add(value);
      return isLast
        ? { body: { type: "read" }, isRight: (reply) => holds(reply[readField], added) }
        : { body: { type, [field]: value }, isRight: hasType(`${type}_ok`) };
    },
  };
}

const broadcast = () =>
  setOf("broadcast", "message", "messages", [
    { type: '"broadcast"', message: "1" },
    { type: '"shown"', values: "[1,2]" },
    { type: '"gossip"', me: '"x"', at: "1", serve: "true", have: '[["n1",3]]' },
    { type: '"gossip"', me: '"x"', you: '"y"', seen: "5", base: "0", end: "2", echo: "[1,2]" },
  ]);

const gSet = () => setOf("add", "element", "value", [{ type: '"add"', element: "1" }]);

/** Adds; what the noise adds counts as well, so of the total only its kind can be told. */
function counter(): Subject {
  return {
    templates: [...COMMON, { type: '"add"', delta: "1" }, { type: '"local"' }],
    words: [],
    probe: (k, isLast) =>
      isLast
        ? { body: { type: "read" }, isRight: ({ value }) => Number.isSafeInteger(value) }
        : {
            body: { type: "add", delta: k % 5 },
            // Enough of the noise may have been accepted to fill the counter: abort (14).
            isRight: ({ type, code }) => type === "add_ok" || code === 14,
          },
  };
}

function kafka(): Subject {
  let lastOffset = -1;
  return {
    templates: [
      ...COMMON,
      { type: '"send"', key: '"7"', msg: "1" },
      { type: '"poll"', offsets: '{"7":0}' },
      { type: '"commit_offsets"', offsets: '{"7":0}' },
      { type: '"list_committed_offsets"', keys: '["7"]' },
      {
        type: '"push"',
        from: "0",
        records: "[]",
        promise: "0",
        knownRecords: "0",
        knownPromise: "0",
        isUnconfirmed: "true",
      },
    ],
    words: [],
    probe: (k, isLast) => {
      const key = "of the probes";
      if (isLast || k % 4 === 3) {
        return {
          body: { type: "poll", offsets: { [key]: Math.max(0, lastOffset) } },
          isRight: ({ type, msgs }) => {
            const polled = (msgs as Record<string, [number, unknown][]>)[key] ?? [];
            return type === "poll_ok" && polled.every(([, msg]) => String(msg).startsWith("probe"));
          },
        };
      }
      return {
        body: { type: "send", key, msg: `probe ${k}` },
        isRight: ({ offset }) => {
          if (typeof offset !== "number" || offset <= lastOffset) return false;
          lastOffset = offset;
          return true;
        },
      };
    },
  };
}

function txnRwRegister(): Subject {
  return {
    templates: [
      ...COMMON,
      { type: '"txn"', txn: '[["r",1,null],["w",1,6],["w",2,9]]' },
      { type: '"replicate"', from: '"x"', to: '"y"', has: "0", asks: "true", upTo: "0" },
      { type: '"replicate"', from: '"x"', has: "0", asks: "false", transactions: "[[1,[[1,2]]]]" },
    ],
    words: [],
    probe: (k) => {
      // Keys that no noise writes to.
      const key = 2_000_000_000 + (k % 10);
      return {
        body: {
          type: "txn",
          txn: [
            ["w", key, k],
            ["r", key, null],
          ],
        },
        isRight: ({ type, txn }) =>
          type === "txn_ok" &&
          stringifyJson(txn) ===
            stringifyJson([
              ["w", key, k],
              ["r", key, k],
            ]),
      };
    },
  };
}

/** Each challenge's name, and how to make its subject. */
export const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  broadcast,
  echo,
  "g-counter": counter,
  "g-set": gSet,
  kafka,
  "pn-counter": counter,
  "txn-rw-register": txnRwRegister,
  "unique-ids": uniqueIds,
};
