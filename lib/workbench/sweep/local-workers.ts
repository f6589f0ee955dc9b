/** Workers on all cores of this machine. */
import type { Death, Task, WorkerOutcome, Workers } from "./task.ts";
import { WorkerProcess, type WorkerProcessOptions } from "./worker.ts";

export class LocalWorkers implements Workers {
  readonly #workers: readonly WorkerProcess[];
  #isKilled = false;

  /** @param count Number of processes. */
  constructor(count: number, options: WorkerProcessOptions) {
    this.#workers = Array.from({ length: count }, () => new WorkerProcess(options));
  }

  async run(
    tasks: Iterator<Task>,
    onAnswer: (task: Task, answer: WorkerOutcome | Death) => boolean,
  ): Promise<void> {
    let isEnough = false;
    const runTasks = async (worker: WorkerProcess) => {
      while (!isEnough && !this.#isKilled) {
        const next = tasks.next();
        if (next.done) return;
        const answer = await worker.run(next.value);
        // The outcomes may be summarised and their file closed already.
        if (this.#isKilled) return;
        if (!onAnswer(next.value, answer)) isEnough = true;
      }
    };
    await Promise.all(this.#workers.map(runTasks));
  }

  kill(): void {
    this.#isKilled = true;
    for (const worker of this.#workers) worker.kill();
  }
}
