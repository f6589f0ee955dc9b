/**
 * How long `dist/txn-rw-register` takes for transactions of given sizes, from request to answer.
 *
 *   bun test/bench/txn-size.ts [OPERATIONS...]
 *
 * Half of the operations write, half read what was just written. 21 transactions of each size, one
 * after the other, in one process that is its cluster's only node.
 */
import { binary, line } from "../support/processes/node-process.ts";

const RUNS = 21;
const INIT = line({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] });

const child = Bun.spawn(binary("txn-rw-register"), { stdin: "pipe", stdout: "pipe" });
const reader = child.stdout.getReader();
const decoder = new TextDecoder();

/** Sends a line, and resolves with the line that answers it: nothing else is on its way. */
async function ask(request: string): Promise<string> {
  child.stdin.write(request);
  child.stdin.flush();
  let answer = "";
  while (!answer.endsWith("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The node has ended");
    answer += decoder.decode(value, { stream: true });
  }
  return answer;
}

await ask(INIT);
const sizes = process.argv.slice(2).map(Number);
for (const size of sizes.length > 0 ? sizes : [4, 10_000, 100_000]) {
  const tookMs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const txn = Array.from({ length: size }, (_, index) =>
      index % 2 === 0 ? ["w", index, run] : ["r", index - 1, null],
    );
    const request = line({ type: "txn", msg_id: 2, txn });
    const beganMs = performance.now();
    const answer = await ask(request);
    tookMs.push(performance.now() - beganMs);
    if (!answer.includes('"txn_ok"')) throw new Error(answer.slice(0, 500));
  }
  const sorted = tookMs.toSorted((one, other) => one - other);
  const [median, most] = [sorted[Math.floor(RUNS / 2)], sorted.at(-1)];
  console.log(`${size} operations: median ${median?.toFixed(2)} ms, most ${most?.toFixed(2)} ms`);
}
child.kill("SIGKILL");
