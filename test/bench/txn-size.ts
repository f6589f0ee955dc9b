/**
 * Measures the time of large transactions in `dist/txn-rw-register`, from request to reply.
 *
 *   bun test/bench/txn-size.ts [OPERATIONS...]
 *
 * Runs 21 transactions of each size one after another, on a single node. Half of the operations are
 * writes, half read the value just written.
 */
import { binary, line } from "../support/processes/node-process.ts";
import { median } from "../support/statistics.ts";

const RUNS = 21;
const INIT = line({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] });

const child = Bun.spawn(binary("txn-rw-register"), { stdin: "pipe", stdout: "pipe" });
const reader = child.stdout.getReader();
const decoder = new TextDecoder();

/** Sends a request and resolves with the reply; no other message is in flight. */
async function ask(request: string): Promise<string> {
  child.stdin.write(request);
  child.stdin.flush();
  let answer = "";
  while (!answer.endsWith("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The node has exited");
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
  console.log(
    `${size} operations: median ${median(tookMs).toFixed(2)} ms, ` +
      `maximum ${Math.max(...tookMs).toFixed(2)} ms`,
  );
}
child.kill("SIGKILL");
