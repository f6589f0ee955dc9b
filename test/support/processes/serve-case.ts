/**
 * Serves one of the programs in `test/programs` or `test/broken` as a process:
 *
 *   bun test/support/processes/serve-case.ts WORKLOAD NAME
 */
import { type OptionsSchema, type Program, serve } from "../../../lib/vortex/index.ts";
import { BROKEN } from "../../broken/index.ts";
import { PROGRAMS } from "../../programs/index.ts";

const [workload, name] = process.argv.splice(2, 2);
const cases = [...PROGRAMS, ...BROKEN.map(({ wrong, ...rest }) => ({ name: wrong, ...rest }))];
const found = cases.find((one) => one.workload === workload && one.name === name);
if (found === undefined) throw new Error(`There is no program "${name}" for ${workload}`);
// Its options, if it has any, are judged by the schema that it carries.
await serve(found.program as Program<unknown>, found.program.options as OptionsSchema | undefined);
