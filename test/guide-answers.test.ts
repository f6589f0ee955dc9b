/**
 * Runs the answers to the guide's exercises: those that are programs of their own, below `answers/` of a chapter's
 * folder, and those that change a line of a step or its options.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { parseSim, printedBy } from "./support/guide/sim-command.ts";
import { GUIDE } from "./support/pictures/guide-pictures.ts";
import { ROOT, temporaryDirectory } from "./support/processes/vortex.ts";

setDefaultTimeout(60_000);

interface Answer {
  readonly exercise: string;
  readonly command: string;
  readonly prints: RegExp;
  /** Lines of the program to replace. */
  readonly edit?: readonly [from: string, to: string];
}

const SHARED = "-w echo --node-count 1 --concurrency 4 --rate 20 --time-limit 10 --seed 1";
const KILL_IDS =
  "-w unique-ids --node-count 3 --rate 20 --time-limit 10 --nemesis kill --seeds 1..3";
const BLOCKS = "-w unique-ids --node-count 3 --rate 1000 --availability total --seed 1";
const BROADCAST_5 = "-w broadcast --node-count 5 --time-limit 20 --rate 10";
const STAGE_3D = "-w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100 --seed 1";
const COUNTER = "--node-count 3 --rate 100 --time-limit 20";
const TXN = "-w txn-rw-register --node-count 2 --concurrency 2n --time-limit 20 --rate 100";
const LIN_KV = "-w lin-kv --node-count 3 --concurrency 4n --rate 10 --time-limit 20";

const VALID = /^Valid/;
const INVALID = /^Invalid/;

const ANSWERS: readonly Answer[] = [
  {
    exercise: "1.1: with variables of its own",
    command: `1-echo/answers/1-own-variables.ts ${SHARED}`,
    prints: VALID,
  },
  { exercise: "1.2: silent", command: `1-echo/answers/2-silent.ts ${SHARED}`, prints: VALID },
  {
    exercise: "1.2: silent, and available",
    command: `1-echo/answers/2-silent.ts ${SHARED} --availability total`,
    prints: INVALID,
  },
  { exercise: "1.2: throws", command: `1-echo/answers/2-throws.ts ${SHARED}`, prints: VALID },
  {
    exercise: "1.2: throws, and available",
    command: `1-echo/answers/2-throws.ts ${SHARED} --availability total`,
    prints: INVALID,
  },
  {
    exercise: "2.2: the time",
    command: `2-unique-ids/answers/2-time.ts ${KILL_IDS}`,
    prints: /3 valid, 0 invalid/,
  },
  {
    exercise: "2.3: blocks",
    command: `2-unique-ids/answers/3-blocks.ts ${BLOCKS} --time-limit 10`,
    prints: VALID,
  },
  {
    exercise: "2.3: blocks, cut off for longer than they last",
    command: `2-unique-ids/answers/3-blocks.ts ${BLOCKS} --time-limit 30 --nemesis partition`,
    prints: INVALID,
  },
  {
    exercise: "3.1: loss",
    command: `3-broadcast/2-send-once.ts ${BROADCAST_5} --nemesis loss --seed 1`,
    prints: INVALID,
  },
  {
    exercise: "3.1: loss, retried",
    command: `3-broadcast/3-retry.ts ${BROADCAST_5} --nemesis loss,duplicate --seed 1`,
    prints: VALID,
  },
  {
    exercise: "3.2",
    command: `3-broadcast/3-retry.ts ${BROADCAST_5} --nemesis kill --seeds 1..4`,
    prints: /2 valid, 2 invalid/,
  },
  {
    exercise: "3.3",
    command: `3-broadcast/5-hub.ts ${STAGE_3D}`,
    edit: ["      if (link.peer === from) continue;\n", ""],
    prints: /^Valid[\s\S]* 3\.79 per operation/,
  },
  {
    exercise: "4.1",
    command: `4-counter/5-recover.ts -w pn-counter ${COUNTER} --seed 1`,
    prints: VALID,
  },
  {
    exercise: "4.2",
    command: `4-counter/5-recover.ts -w g-counter ${COUNTER} --seeds 1..10`,
    edit: [
      "refresh = async () => {\n    await node.seqKv.write(",
      "refresh = async () => {\n    void (",
    ],
    prints: /10 valid, 0 invalid/,
  },
  {
    exercise: "5.1",
    command:
      "5-log/3-write-once.ts -w kafka --node-count 2 --concurrency 2n --time-limit 10 --rate 50 --nemesis kill --nemesis-interval 2 --seeds 1..3",
    prints: /, 0 invalid/,
  },
  {
    exercise: "6.2",
    command: `6-transactions/4-whole.ts ${TXN} --consistency-models read-committed --nemesis partition --converge --seed 1`,
    edit: [
      "    clock = Math.max(clock, commit.clock);\n",
      "    if (commit.node === node.id) clock++;\n",
    ],
    prints: VALID,
  },
  {
    exercise: "7.1",
    command: `7-consensus/5-replicate.ts ${LIN_KV} --nemesis partition --availability total --seed 1`,
    prints: INVALID,
  },
  {
    exercise: "7.2",
    command: `7-consensus/4-majority.ts ${LIN_KV} --nemesis partition --nemesis-interval 3 --seed 11`,
    edit: ['    if (command.type === "read") return reply;\n', ""],
    prints: INVALID,
  },
];

/** Writes a program with a change elsewhere, and returns its path. */
function edited(file: string, [from, to]: readonly [string, string]): string {
  const path = join(GUIDE, file);
  const source = readFileSync(path, "utf8");
  expect(source).toContain(from);
  const imports = {
    '"vortex"': join(ROOT, "lib/vortex/index.ts"),
    '"valibot"': Bun.resolveSync("valibot", ROOT),
    '"./store.ts"': join(dirname(path), "store.ts"),
  };
  let changed = source.replace(from, () => to);
  for (const [name, address] of Object.entries(imports)) {
    changed = changed.replace(name, () => JSON.stringify(address));
  }
  const copy = join(temporaryDirectory(), "program.ts");
  writeFileSync(copy, changed);
  return copy;
}

describe("The answer to exercise", () => {
  test.each(ANSWERS.map((answer) => [answer.exercise, answer] as const))(
    "%s is right",
    async (_, { command, edit, prints }) => {
      const [file = "", ...flags] = command.split(" ");
      const program = edit === undefined ? file : edited(file, edit);
      const printed = await printedBy(
        await parseSim(`vortex sim ${program} ${flags.join(" ")}`, GUIDE),
      );
      expect(printed).toMatch(prints);
    },
  );
});

test("Each program below answers/ is linked from its chapter, and run here", () => {
  for (const file of new Glob("*/answers/*.ts").scanSync(GUIDE)) {
    const chapter = readFileSync(join(GUIDE, `${file.split("/", 1)[0]}.md`), "utf8");
    expect(chapter).toContain(`](${file})`);
    expect(ANSWERS.map(({ command }) => command.split(" ", 1)[0])).toContain(file);
  }
});
