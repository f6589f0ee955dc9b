import type { LoadOptions } from "../sweep/load-file.ts";
import { remark } from "./live.ts";

/** How commands load users' files, except for `sim`, which has a limit of its own. */
export const LOADING: LoadOptions = { limitS: 10, onPrinted: remark };
