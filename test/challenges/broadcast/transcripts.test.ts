/** Scenarios of the gossiper as text, in `testdata/`; `transcript.ts` explains their commands. */
import { testTranscripts } from "../../support/transcript.ts";
import { GossiperPlayer } from "./transcript.ts";

testTranscripts(`${import.meta.dir}/testdata`, () => new GossiperPlayer());
