/** The directory in which the nodes of one run store what must survive a kill. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { RunStore } from "../store/run-store.ts";

export interface NodeData {
  /** Absolute path. The first node that stores something creates it. */
  readonly directory: string;
  /** Removes it, if it exists. Throws nothing: the test has its verdict. */
  remove(onProblem: (text: string) => void): void;
}

/** Names a fresh directory: `data` in that of the stored run, or a temporary one. */
export function nodeDataOf(store: RunStore | undefined): NodeData {
  const directory =
    store === undefined
      ? join(tmpdir(), `vortex-data-${crypto.randomUUID()}`)
      : resolve(store.directory, "data");
  return {
    directory,
    remove(onProblem) {
      try {
        rmSync(directory, { recursive: true, force: true });
      } catch (error) {
        onProblem(`Cannot remove what the nodes have stored in ${directory}: ${error}`);
      }
    },
  };
}
