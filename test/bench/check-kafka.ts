/**
 * Measures time and memory of the kafka checker, on histories of several shapes and sizes.
 *
 *   bun test/bench/check-kafka.ts [SEED]
 *
 * Each history is checked in its own process. Memory is the peak of that process, history included.
 */
import { checkKafka } from "../../lib/workbench/checkers/kafka/index.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { kafkaHistory } from "../support/histories/kafka-model.ts";

const USUAL = {
  threads: 10,
  keys: 10,
  messagesPerKey: 16,
  messagesPerPoll: 10,
  failures: 0.02,
  infos: 0.02,
  assigns: 1 / 64,
  crashes: 0.001,
  finalPollers: 10,
};

const SHAPES = new Map([
  ["usual", USUAL],
  ["one hot key", { ...USUAL, keys: 1, messagesPerKey: 1e9, messagesPerPoll: 100 }],
  ["3000 keys", { ...USUAL, keys: 3000, messagesPerKey: 100, infos: 0.001 }],
  ["long polls", { ...USUAL, keys: 3, messagesPerKey: 5000, messagesPerPoll: 1e9, infos: 0.05 }],
  ["1000 threads", { ...USUAL, threads: 1000, infos: 0.2 }],
]);
const SIZES = [10_000, 50_000, 200_000, 500_000];

const [seed = "1", shape, size] = process.argv.slice(2);
if (shape === undefined || size === undefined) measureAll();
else measure(shape, Number(size));

function measureAll(): void {
  console.log("shape          operations   messages polled   seconds   peak MB");
  for (const name of SHAPES.keys()) {
    for (const operations of SIZES) {
      const command = [process.execPath, import.meta.path, seed, name, String(operations)];
      Bun.spawnSync(command, { stdout: "inherit", stderr: "inherit" });
    }
  }
}

function measure(name: string, operations: number): void {
  const model = SHAPES.get(name) ?? USUAL;
  const history = kafkaHistory(randomStream(Number(seed), name), { ...model, operations });
  const polled = history.reduce((sum, { f, type, value }) => {
    return f === "poll" && type === "ok" ? sum + JSON.stringify(value).split("],[").length : sum;
  }, 0);
  const start = Bun.nanoseconds();
  const { valid } = checkKafka(history, {});
  const seconds = (Bun.nanoseconds() - start) / 1e9;
  if (valid !== true) throw new Error("A history of a correct log was found invalid");
  const megabytes = process.resourceUsage().maxRSS / 1024;
  console.log(
    [
      name.padEnd(14),
      String(history.length / 2).padStart(11),
      String(polled).padStart(18),
      seconds.toFixed(2).padStart(10),
      megabytes.toFixed(0).padStart(10),
    ].join(""),
  );
}
