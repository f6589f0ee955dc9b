/**
 * Measures what each kind of giant line costs an echo node: CPU time, peak memory, memory 3 s later.
 *
 *   bun test/fuzz/giant-line-cost.ts [MEGABYTES]
 */
import { binary, INIT, line, memoryBytes } from "../support/processes/node-process.ts";
import { giants } from "./giant-lines.ts";

const megabytes = Number(process.argv[2] ?? 100);
for (const [index, { pieces }] of giants(megabytes * 1e6).entries()) {
  const child = Bun.spawn(binary("echo"), { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  child.stdin.write(INIT);
  for (const piece of pieces) {
    child.stdin.write(piece);
    await child.stdin.flush();
  }
  child.stdin.write(line({ type: "echo", msg_id: 2, echo: "after" }));
  await child.stdin.flush();
  for await (const chunk of child.stdout) {
    if (Buffer.from(chunk).includes('"after"')) break;
  }
  const maxBytes = memoryBytes(child.pid, "VmHWM");
  await Bun.sleep(3000);
  const laterBytes = memoryBytes(child.pid, "VmRSS");
  child.kill();
  await child.exited;
  const cpuMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
  const shown = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `line ${index}: ${(cpuMs / 1000).toFixed(1)} s of CPU, peak ${shown(maxBytes)}, ` +
      `${shown(laterBytes)} after 3 s`,
  );
}
