/** Scenarios of the log as text, in `testdata/`; `transcript.ts` explains their commands and output. */
import { testTranscripts } from "../../support/transcript.ts";
import { KafkaPlayer } from "./transcript.ts";

testTranscripts(`${import.meta.dir}/testdata`, () => new KafkaPlayer());
