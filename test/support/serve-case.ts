/**
 * Serves one of the programs in `test/programs` or `test/broken` as a process:
 *
 *   bun test/support/serve-case.ts NAME
 */
import { type OptionsSchema, type Program, serve } from "../../lib/vortex/index.ts";
import { BROKEN } from "../broken/index.ts";
import { PROGRAMS } from "../programs/index.ts";

const name = process.argv.splice(2, 1)[0];
const found = PROGRAMS.find((one) => one.name === name) ?? BROKEN.find((one) => one.wrong === name);
if (found === undefined) throw new Error(`There is no program "${name}"`);
// Its options, if it has any, are judged by the schema that it carries.
await serve(found.program as Program<unknown>, found.program.options as OptionsSchema | undefined);
