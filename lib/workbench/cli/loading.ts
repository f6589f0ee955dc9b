import type { LoadOptions } from "../sweep/load-file.ts";
import { remark } from "./live.ts";

/** Options for loading users' files. `sim` has a limit of its own. */
export const LOADING: LoadOptions = { limitS: 10, onPrinted: remark };
