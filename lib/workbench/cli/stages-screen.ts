import { describeSeconds } from "../report/terminal/progress.ts";
import { type StageRow, stagesTable } from "../report/terminal/stages-table.ts";
import type { Stage } from "../stages/stages.ts";
import { LiveView, remark } from "./live.ts";

export interface StagesScreenOptions {
  /** Whether the stages have their official lengths. */
  readonly isFull: boolean;
  /** Returns the length of a stage's phases, in seconds. */
  readonly lengthS: (stage: Stage) => number;
}

/** Approximate time before and after a test's phases, in seconds: starting, last replies, checking. */
const AROUND_S = 1;

/** The output of `vortex stages` while it runs: a table, redrawn on a terminal; elsewhere a line per stage. */
export class StagesScreen {
  readonly #rows: readonly StageRow[];
  readonly #options: StagesScreenOptions;
  readonly #view = new LiveView({
    draw: () => this.#table(),
    intervalMs: 250,
    line: () => this.#running(),
  });

  /** @param rows The stages. The caller replaces a row when its state changes. */
  constructor(rows: readonly StageRow[], options: StagesScreenOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  onStart(): void {
    if (!this.#view.isRedrawn) remark(this.#running());
  }

  onEnd(row: StageRow): void {
    if (!this.#view.isRedrawn) remark(stageLine(row));
    if (row.state === "ended" && row.crash !== undefined) this.print(row.crash);
  }

  print(text: string): void {
    this.#view.print(text);
  }

  end(): void {
    this.#view.end();
  }

  #table(): string {
    const { columns, rows: lines } = process.stderr;
    const options = { isFull: this.#options.isFull, nowMs: performance.now(), columns };
    const table = stagesTable(this.#rows, options);
    const isFitting = table.split("\n").length + 1 < lines;
    const fitting = isFitting ? table : stagesTable(this.#rows, { ...options, isBrief: true });
    return `${fitting}\n${this.#left()}`;
  }

  /** Describes the running stage, its progress, and the time left for all. */
  #running(): string {
    const row = this.#rows.find(({ state }) => state === "running");
    if (row?.state !== "running") return "";
    const progress = row.progress.describe(performance.now()).join("; ");
    return `${row.stage.id} ${row.stage.name}: ${progress}; ${this.#left()}`;
  }

  #left(): string {
    const nowMs = performance.now();
    const leftS = this.#rows.map((row) => {
      if (row.state === "ended" || row.state === "interrupted") return 0;
      const lengthS = this.#options.lengthS(row.stage) + AROUND_S;
      return row.state === "waiting"
        ? lengthS
        : Math.max(0, lengthS - (nowMs - row.startedMs) / 1000);
    });
    return `about ${describeSeconds(leftS.reduce((sum, seconds) => sum + seconds, 0))} left in total`;
  }
}

function stageLine({ stage, ...row }: StageRow): string {
  const { id, name } = stage;
  if (row.state !== "ended") return `${id} ${name}: ${row.state}`;
  const verdict = row.result === undefined ? "crashed" : `valid: ${row.result.valid}`;
  return `${id} ${name}: ${verdict}, ${row.tookS.toFixed(1)} s`;
}
