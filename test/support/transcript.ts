/**
 * Transcripts: scenarios as text, in the format of etcd raft's test data.
 *
 * A block is a few commands, a line `----`, and the output up to the next empty line. Lines that start
 * with `#` are commentary. A test replays the commands and compares the output; UPDATE=1 rewrites it.
 */
import { expect, test } from "bun:test";
import { Glob } from "bun";

/** Commands by their first words; they get the other words. */
export type Commands = Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>>;

/** Runs the commands of one transcript. */
export abstract class Player {
  protected abstract readonly commands: Commands;
  /** The output since the last call of {@link output}. */
  protected lines: string[] = [];

  /** @throws {Error} when it does not know the command. */
  async play(command: string): Promise<void> {
    const [name = "", ...args] = command.split(" ");
    const run = this.commands[name];
    if (run === undefined) throw new Error(`Unknown command: ${command}`);
    await run(args);
  }

  /** Returns the output since the last call. */
  output(): string[] {
    return this.lines.splice(0);
  }
}

/** Replays a transcript; returns it with the output that the commands have now. */
export async function replay(transcript: string, player: Player): Promise<string> {
  const lines: string[] = [];
  let isOutput = false;
  for (const line of transcript.trimEnd().split("\n")) {
    if (isOutput && line !== "") continue;
    isOutput = line === "----";
    lines.push(line);
    if (isOutput) lines.push(...player.output());
    else if (line !== "" && !line.startsWith("#")) await player.play(line);
  }
  return `${lines.join("\n")}\n`;
}

/** Registers a test for each transcript in a folder. */
export function testTranscripts(folder: string, newPlayer: () => Player): void {
  test.each([...new Glob("*.txt").scanSync(folder)].sort())("%s is what happens", async (name) => {
    const file = Bun.file(`${folder}/${name}`);
    const recorded = await file.text();
    const replayed = await replay(recorded, newPlayer());
    if (process.env["UPDATE"] === "1") await Bun.write(file, replayed);
    else expect(replayed).toBe(recorded);
  });
}
