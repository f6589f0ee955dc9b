import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ECHO, temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

test.each(["../bank", "latest", "my bank"])(
  "A workload named %p is refused: its runs need a directory of that name",
  async (name) => {
    const file = join(temporaryDirectory(), "bank.ts");
    writeFileSync(
      file,
      `import { defineWorkload, operation } from "vortex/workload";
export default defineWorkload({
  name: ${JSON.stringify(name)},
  operations: { wait: operation({ run: async () => null }) },
  generators: () => ({ main: [] }),
  check: () => ({ valid: true }),
});
`,
    );
    const { exitCode, stderr } = await vortex("test", "-w", file, "--bin", ECHO);
    expect(stderr).toContain(`${file}: "${name}" cannot be the name of a workload`);
    expect(exitCode).toBe(254);
  },
);
