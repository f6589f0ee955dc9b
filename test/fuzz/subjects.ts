/** For each challenge: templates for the noise, and valid requests with checks of their replies. */
import { type AnyBody, parseJson, type Random, stringifyJson } from "../../lib/vortex/index.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import { NODE_IDS, type Template } from "./noise.ts";

/** A valid request. */
export interface Probe {
  readonly body: AnyBody;
  /** Whether a reply is correct; may throw if it is not. */
  isCorrect(reply: AnyBody): boolean;
}

export interface Subject {
  readonly templates: readonly Template[];
  /** The nodes that `init` names. Defaults to all of the noise; all but the first are dead. */
  readonly nodeIds?: readonly string[];
  /** Error codes with which the program replies to well-formed requests, besides the general ones. */
  readonly errors?: readonly number[];
  /** Upper bound on the state that a line of noise adds to the program, on average, in bytes. */
  readonly stateBytesPerLine: number;
  /** Types of messages that nodes send each other and do not reply to. */
  readonly internal: readonly string[];
  /** Whether a reply of the right type to a request of the noise is correct. */
  isCorrectForNoise?(request: AnyBody, reply: AnyBody): boolean;
  /** The k-th valid request, from 0. The last one is sent when no other request is open. */
  probe(k: number, isLast: boolean): Probe;
}

/** Templates for every challenge, among them repeated and conflicting `init` messages. */
const COMMON: readonly Template[] = [
  { type: '"init"', node_id: '"n0"', node_ids: JSON.stringify(NODE_IDS) },
  { type: '"init"', node_id: '"n7"', node_ids: '["n0","n7"]' },
  { type: '"init"', node_id: '"n0"', node_ids: '["n1","n2"]' },
  { type: '"topology"', topology: '{"n0":["n1"]}' },
  { type: '"no_such_type"', value: "1" },
];

/** A random integer below `bound`: programs must not allocate for the gaps between such numbers. */
const integerText = (bound: number) => (random: Random) => String(randomInteger(random, bound));

/** Bound for programs with state. */
const STATE_BYTES = 300;

const ECHOED = [
  '"a"',
  "1.0",
  "-0",
  "1e400",
  "9007199254740993",
  '{"__proto__":[1.50]}',
  '"é\\ud800"',
];

export function echo(): Subject {
  return {
    templates: [...COMMON, { type: '"echo"', echo: '"Please echo 1"' }],
    internal: [],
    stateBytesPerLine: 0,
    isCorrectForNoise: (request, reply) =>
      request["type"] !== "echo" ||
      stringifyJson({ echo: reply["echo"] }) === stringifyJson({ echo: request["echo"] }),
    probe: (k) => {
      const text = ECHOED[k % ECHOED.length] ?? "";
      return {
        body: { type: "echo", echo: parseJson(text) },
        isCorrect: (reply) => reply["type"] === "echo_ok" && stringifyJson(reply["echo"]) === text,
      };
    },
  };
}

function uniqueIds(): Subject {
  const seen = new Set<unknown>();
  const isNew = (id: unknown) => typeof id === "string" && seen.size < seen.add(id).size;
  return {
    templates: [...COMMON, { type: '"generate"' }],
    internal: [],
    stateBytesPerLine: 0,
    isCorrectForNoise: ({ type }, { id }) => type !== "generate" || isNew(id),
    probe: () => ({ body: { type: "generate" }, isCorrect: ({ id }) => isNew(id) }),
  };
}

/** Whether a list contains everything that was added. */
function holds(list: unknown, added: ReadonlySet<string>): boolean {
  if (!Array.isArray(list)) return false;
  const held = new Set(list.filter((element) => typeof element === "string"));
  return added.isSubsetOf(held);
}

/** A set: requests add values, the last request reads all of them. */
function setOf(
  type: string,
  field: string,
  readField: string,
  templates: Template[],
  internal: string[] = [],
): Subject {
  const added = new Set<string>();
  return {
    templates: [...COMMON, ...templates],
    internal,
    stateBytesPerLine: STATE_BYTES,
    probe: (k, isLast) => {
      const value = `probe ${k}`;
      return isLast
        ? { body: { type: "read" }, isCorrect: (reply) => holds(reply[readField], added) }
        : {
            body: { type, [field]: value },
            isCorrect: (reply) => reply["type"] === `${type}_ok` && added.add(value).has(value),
          };
    },
  };
}

const broadcast = () =>
  setOf(
    "broadcast",
    "message",
    "messages",
    [
      { type: '"broadcast"', message: integerText(1e15) },
      { type: '"broadcast"', message: '{"__proto__":1,"constructor":[1.0]}' },
      { type: '"eager"', values: "[1,2]" },
      { type: '"gossip"', from: '"x"', at: "1", serve: "true", have: '[["n1",3]]' },
      { type: '"gossip"', from: '"x"', to: '"y"', seen: "5", end: "2", echo: "[1,2]" },
    ],
    ["eager", "gossip"],
  );

const gSet = () =>
  setOf("add", "element", "value", [
    { type: '"add"', element: integerText(1e15) },
    { type: '"add"', element: '{"__proto__":1,"constructor":[1.0]}' },
  ]);

/** A counter. The noise adds to it too, so only the type of its value can be checked. */
function counter(): Subject {
  return {
    templates: [...COMMON, { type: '"add"', delta: "1" }, { type: '"read"' }, { type: '"local"' }],
    internal: [],
    stateBytesPerLine: 0,
    isCorrectForNoise: ({ type }, { value }) => type !== "read" || Number.isSafeInteger(value),
    probe: (k, isLast) =>
      isLast
        ? { body: { type: "read" }, isCorrect: ({ value }) => Number.isSafeInteger(value) }
        : {
            body: { type: "add", delta: k % 5 },
            // The noise may have filled the counter, which then replies abort (14).
            isCorrect: ({ type, code }) => type === "add_ok" || code === 14,
          },
  };
}

/**
 * One of many keys. With few messages per key, polls of a whole log stay short.
 */
function kafkaKey(random: Random): string {
  const number = randomInteger(random, 1000);
  if (number < 10) return number < 5 ? '"__proto__"' : '"constructor"';
  return `"${number < 20 ? 10 ** 15 + number : number}"`;
}

function kafka(): Subject {
  let lastOffset = -1;
  return {
    templates: [
      ...COMMON,
      { type: '"send"', key: kafkaKey, msg: "1" },
      { type: '"send"', key: kafkaKey, msg: '{"__proto__":1,"constructor":[1.0]}' },
      { type: '"poll"', offsets: (random) => `{${kafkaKey(random)}:0}` },
      { type: '"poll"', offsets: '{"__proto__":1000000000000000,"constructor":0,"absent":-1}' },
      { type: '"commit_offsets"', offsets: (random) => `{${kafkaKey(random)}:0}` },
      { type: '"list_committed_offsets"', keys: (random) => `[${kafkaKey(random)}]` },
      {
        type: '"push"',
        from: "0",
        records: "[]",
        watermark: "0",
        knownRecords: "0",
        knownWatermark: "0",
        wantsAck: "true",
      },
    ],
    internal: ["push"],
    stateBytesPerLine: STATE_BYTES,
    isCorrectForNoise: ({ type, offsets }, { msgs }) =>
      type !== "poll" ||
      Object.keys(msgs as object).every((key) => Object.hasOwn(offsets as object, key)),
    probe: (k, isLast) => {
      const key = "of the probes";
      if (isLast || k % 4 === 3) {
        return {
          body: { type: "poll", offsets: { [key]: Math.max(0, lastOffset) } },
          isCorrect: ({ type, msgs }) => {
            const polled = (msgs as Record<string, [number, unknown][]>)[key] ?? [];
            return type === "poll_ok" && polled.every(([, msg]) => String(msg).startsWith("probe"));
          },
        };
      }
      return {
        body: { type: "send", key, msg: `probe ${k}` },
        isCorrect: ({ offset }) => {
          if (typeof offset !== "number" || offset <= lastOffset) return false;
          lastOffset = offset;
          return true;
        },
      };
    },
  };
}

type MicroOperation = readonly [kind: unknown, key: unknown, value: unknown];

/** Whether a transaction contains the requested micro-operations in order; reads may return anything. */
function isDone(requested: readonly MicroOperation[], done: readonly MicroOperation[]): boolean {
  const shown = (txn: readonly MicroOperation[]) =>
    stringifyJson(txn.map(([kind, key, value]) => [kind, key, kind === "r" ? null : value]));
  return shown(requested) === shown(done);
}

function txnRwRegister(): Subject {
  return {
    templates: [
      ...COMMON,
      { type: '"txn"', txn: '[["r",1,null],["w",1,6],["w",2,9]]' },
      { type: '"txn"', txn: (random) => `[["w",${integerText(1e15)(random)},1],["r",-0,null]]` },
      { type: '"replicate"', from: '"x"', to: '"y"', ack: "0", wantsAck: "true", upTo: "0" },
      {
        type: '"replicate"',
        from: '"x"',
        ack: "0",
        wantsAck: "false",
        transactions: "[[1,[[1,2]]]]",
      },
    ],
    internal: ["replicate"],
    stateBytesPerLine: STATE_BYTES,
    isCorrectForNoise: ({ type, txn: requested }, { txn: done }) =>
      type !== "txn" || isDone(requested as MicroOperation[], done as MicroOperation[]),
    probe: (k) => {
      // Keys that the noise does not write to.
      const key = 2_000_000_000 + (k % 10);
      return {
        body: {
          type: "txn",
          txn: [
            ["w", key, k],
            ["r", key, null],
          ],
        },
        isCorrect: ({ type, txn }) =>
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

/** Messages of Raft, which only nodes may send: the node under noise is alone, so it refuses them. */
const RAFT: readonly Template[] = [
  { type: '"hello"', incarnation: '"x"' },
  {
    type: '"request_vote"',
    term: "9",
    isPreVote: "false",
    isTransfer: "true",
    lastLogIndex: "0",
    lastLogTerm: "0",
  },
  {
    type: '"append_entries"',
    term: "9",
    prevLogIndex: "0",
    prevLogTerm: "0",
    entries: "[]",
    leaderCommit: "0",
    stamp: '{"round":0,"sentAtMs":0}',
  },
  { type: '"forward"', term: "1", incarnation: '"x"', boot: "1", floor: "0", requests: "[]" },
];
const RAFT_TYPES = ["hello", "request_vote", "append_entries", "forward"];

/** A key of a store; few keys, so that operations meet. */
const storeKey = (random: Random) =>
  ['"__proto__"', "1", "1.0", '"1"', "[1e400]", integerText(1000)(random)][
    randomInteger(random, 6)
  ] ?? "0";

/** Raft serves only with a majority, so the node is a cluster of its own. */
const ALONE = { nodeIds: ["n0"], internal: RAFT_TYPES, stateBytesPerLine: STATE_BYTES };

function linKv(): Subject {
  let last = -1;
  return {
    ...ALONE,
    templates: [
      ...COMMON,
      ...RAFT,
      { type: '"read"', key: storeKey },
      { type: '"write"', key: storeKey, value: '{"__proto__":[1.50]}' },
      { type: '"write"', key: storeKey, value: integerText(5) },
      { type: '"cas"', key: storeKey, from: integerText(5), to: integerText(5) },
      { type: '"cas"', key: storeKey, from: "1", to: "2", create_if_not_exists: "true" },
    ],
    errors: [20, 22],
    probe: (k, isLast) => {
      const key = "of the probes";
      if (isLast) {
        return {
          body: { type: "read", key },
          isCorrect: ({ type, value }) => type === "read_ok" && value === last,
        };
      }
      last = k;
      return {
        body: { type: "write", key, value: k },
        isCorrect: ({ type }) => type === "write_ok",
      };
    },
  };
}

function txnListAppend(): Subject {
  const appended: number[] = [];
  return {
    ...ALONE,
    templates: [
      ...COMMON,
      ...RAFT,
      { type: '"txn"', txn: '[["r","__proto__",null],["r",-0,[1]]]' },
      { type: '"txn"', txn: (random) => `[["append",${integerText(1e15)(random)},1.50]]` },
      { type: '"txn"', txn: (random) => `[["append",${storeKey(random)},1],["r",1,null]]` },
    ],
    isCorrectForNoise: ({ type, txn: requested }, { txn: done }) =>
      type !== "txn" || isDone(requested as MicroOperation[], done as MicroOperation[]),
    probe: (k, isLast) => {
      const key = `of the probes ${Math.floor(k / 50)}`;
      if (k % 50 === 0) appended.length = 0;
      const before = [...appended];
      if (!isLast) appended.push(k);
      const requested = isLast ? [["r", key, null]] : [["append", key, k]];
      const shown = before.length === 0 ? null : before;
      return {
        body: { type: "txn", txn: requested },
        isCorrect: ({ type, txn }) =>
          type === "txn_ok" &&
          stringifyJson(txn) === stringifyJson(isLast ? [["r", key, shown]] : requested),
      };
    },
  };
}

/** Challenge name -> constructor of its subject. */
export const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  broadcast,
  echo,
  "g-counter": counter,
  "g-set": gSet,
  kafka,
  "lin-kv": linKv,
  "pn-counter": counter,
  "txn-list-append": txnListAppend,
  "txn-rw-register": txnRwRegister,
  "unique-ids": uniqueIds,
};
