/**
 * Serves a program of `test/programs` or `test/broken` as a process:
 *
 *   bun test/support/processes/serve-case.ts WORKLOAD NAME
 */
import { type Program, serve } from "../../../lib/vortex/index.ts";
import { BROKEN } from "../../broken/index.ts";
import { PROGRAMS } from "../../programs/index.ts";

const [workload, name] = process.argv.splice(2, 2);
const cases = [...PROGRAMS, ...BROKEN.map(({ bug, ...rest }) => ({ name: bug, ...rest }))];
const found = cases.find((one) => one.workload === workload && one.name === name);
if (found === undefined) throw new Error(`Unknown program "${name}" for ${workload}`);
// Cast: a program with options carries the schema of its own options.
await serve(found.program as Program);
