/** Plays the run: buttons, speed, and a time line with faults and findings. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { visible } from "../../../report/page/parts/visible-text.ts";
import type { Run } from "../../../report/page/run/run.ts";
import type { Selection } from "../../../report/page/run/selection.ts";
import { type Playhead, SPEEDS } from "./playhead.ts";
import { useMoment } from "./use-playhead.ts";

interface TransportProps {
  readonly run: Run;
  readonly playhead: Playhead;
  readonly onSelect: (selection: Selection | undefined) => void;
}

export function Transport({ run, playhead, onSelect }: TransportProps) {
  useMoment(playhead);
  const { isPlaying, speed } = playhead;
  return (
    <div class="transport">
      <div class="toolbar">
        <button
          type="button"
          aria-label="Back to the beginning"
          onClick={() => playhead.seek(Math.max(0, run.begin))}
        >
          |◂
        </button>
        <button type="button" aria-label="Previous event" onClick={() => playhead.step(-1)}>
          ◂
        </button>
        <button
          type="button"
          class="play"
          onClick={() => (isPlaying ? playhead.pause() : playhead.play())}
        >
          {isPlaying ? "Pause" : "Play"}
        </button>
        <button type="button" aria-label="Next event" onClick={() => playhead.step(1)}>
          ▸
        </button>
        <label>
          <span class="hint">Speed</span>{" "}
          <select
            value={String(speed)}
            onChange={({ currentTarget }) => playhead.setSpeed(Number(currentTarget.value))}
          >
            {SPEEDS.map((each) => (
              <option key={each} value={String(each)}>
                {speedText(each)}
              </option>
            ))}
          </select>
        </label>
        <Clock run={run} playhead={playhead} />
      </div>
      <TimeLine run={run} playhead={playhead} onSelect={onSelect} />
    </div>
  );
}

/** Speeds below 1 as fractions. */
function speedText(speed: number): string {
  return speed < 1 ? `1/${Math.round(1 / speed)}` : `${speed}×`;
}

/** The time, which bypasses rendering: it changes with every frame. */
function Clock({ run, playhead }: Omit<TransportProps, "onSelect">) {
  const output = useRef<HTMLOutputElement>(null);
  useEffect(() => {
    const update = () => {
      if (output.current !== null) output.current.textContent = run.time(playhead.time);
    };
    update();
    return playhead.subscribe(update);
  }, [run, playhead]);
  return <output class="time" ref={output} aria-label="Time" aria-live="off" />;
}

/** Number of faults, and of findings, that are marked. */
const MAX_MARKED = 200;

function TimeLine({ run, playhead, onSelect }: TransportProps) {
  const input = useRef<HTMLInputElement>(null);
  const marks = useMemo(() => findingMarks(run), [run]);
  const length = Math.max(1, run.end - run.begin);
  const percent = (time: number) => `${((time - run.begin) / length) * 100}%`;
  useEffect(() => {
    const update = () => {
      if (input.current === null) return;
      input.current.value = String(playhead.time);
      input.current.ariaValueText = run.time(playhead.time);
    };
    update();
    return playhead.subscribe(update);
  }, [run, playhead]);
  return (
    <div class="time-line">
      <div class="marks">
        {run.header.faults.slice(0, MAX_MARKED).map(({ name, from, to, detail }, index) => (
          <span
            key={index}
            class="fault"
            title={visible(`${name}: ${detail}`)}
            style={{ left: percent(from), width: percent(run.begin + Math.max(0, to - from)) }}
          />
        ))}
        {marks.map(({ index, time, text }) => (
          <button
            type="button"
            key={index}
            class="mark"
            title={text}
            aria-label={`${text}, at ${run.time(time)}`}
            style={{ left: percent(time) }}
            onClick={() => {
              playhead.pause();
              playhead.seek(time);
              onSelect({ kind: "finding", list: "findings", index });
            }}
          />
        ))}
      </div>
      <input
        type="range"
        ref={input}
        aria-label="Time of the run"
        min={run.begin}
        max={run.end}
        step="any"
        onInput={({ currentTarget }) => {
          const time = Number(currentTarget.value);
          playhead.pause();
          playhead.seek(time);
        }}
      />
    </div>
  );
}

interface Mark {
  readonly index: number;
  /** Ticks. */
  readonly time: number;
  readonly text: string;
}

/** The findings, each at the end of its last operation. */
function findingMarks(run: Run): readonly Mark[] {
  return run.header.findings.slice(0, MAX_MARKED).flatMap(({ anomaly, operations }, index) => {
    if (operations.length === 0) return [];
    const ends = operations.map((row) => run.endOf(row) ?? run.invoked[row] ?? 0);
    const time = ends.reduce((latest, end) => Math.max(latest, end), run.begin);
    return [{ index, time, text: visible(anomaly) }];
  });
}
