/** The tester's names of what a worker finds under other names. */
import * as v from "valibot";

export const Shown = v.object({
  /** Directory of the sources. */
  root: v.string(),
  /** Words of commands by those of the worker. */
  words: v.record(v.string(), v.string()),
  /** Directory of the corpus, of a guided search. */
  corpus: v.exactOptional(v.string()),
  /** The assertions in the sources; a bundle lacks what nothing calls. */
  catalog: v.object({ sometimes: v.array(v.string()), always: v.array(v.string()) }),
});
export type Shown = v.InferOutput<typeof Shown>;

/** Directory of the corpus of a worker, in its working directory. */
export const CORPUS = "corpus";
