/** Replays the scenarios in `testdata`. UPDATE=1 rewrites their output. */
import { describe } from "bun:test";
import { join } from "node:path";
import { testTranscripts } from "../../support/transcript.ts";
import { RaftPlayer } from "./transcript.ts";

describe("The transcript", () => {
  testTranscripts(join(import.meta.dir, "testdata"), () => new RaftPlayer());
});
